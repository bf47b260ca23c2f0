#!/bin/bash
# An innocent space beside hogs: how much slower is it?
#
# usage: bash bench/siblings.sh BUILD [FLAG...]
#
#   PAIRS=20     slices of time beside hogs, and alone, in turn
#   HOGS="processes memory disk descriptors records"
#
# Each hog is in a space of its own, with limits, and the FLAGs (--limit=cpu_percent=5). The innocent space has none. From slice to
# slice the hogs are stopped and go on, so that a machine that gets slower or faster in the meantime does not show.
# Printed is the median of the ratios of what was done alone to what was done beside hogs, slice by slice; and how long a shell
# takes to answer meanwhile. Exit status: 0 at most 5 % slower; 1 slower, or something failed.
set -u
export LC_ALL=C
build=$(cd "${1:-build}" && pwd) || exit 1
shift
source=$(cd "$(dirname "$0")/.." && pwd) || exit 1
cordon=$build/cordon
place=$(mktemp -d /var/tmp/cordon-siblings.XXXXXX) || exit 1
pids=()
finish() {
	[ ${#pids[@]} = 0 ] || kill -KILL "${pids[@]}" 2>/dev/null
	wait "${pids[@]}" 2>/dev/null
	rm -rf "$place"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM
for name in hog innocent; do
	gcc -std=gnu11 -D_GNU_SOURCE -O2 -static "$source/bench/$name.c" -o "$place/$name" || exit 1
done

flags=("$@")
read -ra kinds <<<"${HOGS-processes memory disk descriptors records}"
start() { # start INDEX
	local kind=${kinds[$1]}
	# It ends by itself, whatever becomes of us.
	"$cordon" run -q --log "$place/log.$kind" --limit=memory=64M --limit=processes=64 --limit=open_files=256 \
		--limit=tmp_size=32M --limit=log_size=4M --limit=wall_seconds=60 "${flags[@]}" \
		--allow-run="$place/hog" --chdir /tmp -- "$place/hog" "$kind" >/dev/null 2>&1 </dev/null &
	pids[$1]=$!
}
for i in "${!kinds[@]}"; do start "$i"; done
sleep 0.5
# One that was ended by its limits begins anew.
hogs() {
	for i in "${!kinds[@]}"; do
		kill "-$1" "${pids[i]}" 2>/dev/null || [ "$1" = TSTP ] || start "$i"
	done
}

hogs TSTP
beside=0
while read -r done; do
	if [ $beside = 1 ]; then
		TIMEFORMAT=%R
		{ time sh -c 'ls / >/dev/null'; } 2>>"$place/answers"
		hogs TSTP
		awk "BEGIN { print $alone / $done }" >>"$place/ratios"
		beside=0
	else
		alone=$done
		hogs CONT
		beside=1
	fi
done < <("$cordon" run -q --allow-run="$place/innocent" -- "$place/innocent" $((2 * ${PAIRS:-20})) 400)
[ -s "$place/ratios" ] || exit 1

quantile() { sort -n "$place/$1" | awk '{ v[NR] = $1 } END { print v[int((NR - 1) * '"$2"' + 1.5)] }'; }
printf 'beside hogs it takes %s times as long (half of the pairs: %s to %s); a shell answers in %s s\n' \
	"$(quantile ratios 0.5)" "$(quantile ratios 0.25)" "$(quantile ratios 0.75)" "$(quantile answers 0.5)"
awk "BEGIN { exit !($(quantile ratios 0.5) <= 1.05) }"
