#!/bin/sh
# The lists in the man pages, made from the tables of the command line: mk/man.sh CORDON [--check]
#
# What stands between `.\" list: COMMAND HEADING` (commands, operations and groups are lists, too) and `.\" end of list` is replaced by
# what `cordon completions man` prints; with --check it is only compared.
set -eu
cordon=$1 check=${2:-} stale=0
new=$(mktemp)
trap 'rm -f "$new"' EXIT
for page in docs/man/*.[1-9]; do
	while IFS= read -r line; do
		case $line in
		'.\" list: '*)
			printf '%s\n' "$line"
			rest=${line#'.\" list: '}
			name=${rest%% *}
			heading=${rest#"$name"}
			if [ -n "$heading" ]; then "$cordon" completions man "$name" "${heading# }"; else "$cordon" completions man "$name"; fi
			skipping=1 ;;
		'.\" end of list') skipping=; printf '%s\n' "$line" ;;
		*) [ -n "${skipping:-}" ] || printf '%s\n' "$line" ;;
		esac
	done <"$page" >"$new"
	cmp -s "$new" "$page" && continue
	if [ -n "$check" ]; then echo "$page is stale: make man" >&2; stale=1; else cat "$new" >"$page"; fi
done
exit $stale
