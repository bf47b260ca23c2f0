# Runs a program in a space, where it can read one dictionary, and nothing else of yours.
#
# usage: sh solution.sh CORDON DICTIONARY COMMAND...
#
# Two programs that know nothing of each other are run so, at the same time. Neither can write anything, neither
# has a network. And no two of them have the same file: each gets a copy, at the dictionary's place.
cordon=$1 dictionary=$2
shift 2
copy=$(mktemp /var/tmp/dictionary.XXXXXX) || exit 1
trap 'rm -f "$copy"' EXIT
trap 'exit 1' HUP INT TERM
cat "$dictionary" >"$copy" || exit 1
"$cordon" run -q --ro-bind="$copy:$dictionary" -- "$@"
