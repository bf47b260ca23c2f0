#!/bin/bash
# What a nester costs that stands in the way of a message, and another one around it.
#
# usage: bash bench/nester.sh BUILD
#
#   ROUNDS=15     how many rounds
#
# In a round stat is timed in a loop, each call a message: with no nester, with one that lets all pass, and with two, one in the
# other's space. What is printed are medians, over the rounds, of what each nester adds, in round trips of a bare notification of
# the same round (bench/notify.c).
set -u
export LC_ALL=C
build=$(cd "${1:-build}" && pwd) || exit 1
source=$(cd "$(dirname "$0")/.." && pwd) || exit 1
ROUNDS=${ROUNDS:-15}
place=$(mktemp -d /var/tmp/cordon-bench.XXXXXX) || exit 1
trap 'rm -rf "$place"' EXIT
trap 'exit 1' HUP INT TERM
cd "$place" || exit 1
for name in loop notify; do
	gcc -std=gnu11 -D_GNU_SOURCE -O2 "$source/bench/$name.c" -o "$name" || exit 1
done
gcc -std=gnu11 -D_GNU_SOURCE -O2 -I"$source/include" "$source/bench/pass.c" "$build/libcordon.a" -o pass || exit 1
cp "$build/cordon" cordon
: >file
export CORDON=$place/cordon
flags=(-q --audit=all --ro="$place" --allow-run="$place" --chdir="$place")
stat=("$place/loop" stat 20000 file)
around=("${flags[@]}" --allow='space.create:*' --setenv CORDON="$CORDON" --)
median() { sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

for ((round = 0; round < ROUNDS; round++)); do
	echo "$(./notify)" \
		"$(setsid -w ./cordon run "${flags[@]}" -- "${stat[@]}")" \
		"$(setsid -w ./pass fs.stat "${flags[@]}" -- "${stat[@]}")" \
		"$(setsid -w ./cordon run "${around[@]}" ./cordon run "${flags[@]}" -- "${stat[@]}")" \
		"$(setsid -w ./pass fs.stat "${around[@]}" ./pass fs.stat "${flags[@]}" -- "${stat[@]}")"
done >rounds
[ "$(awk 'NF == 5' rounds | wc -l)" = "$ROUNDS" ] || { echo "bench: a nester failed" >&2; exit 1; }
printf 'A bare notification takes %d ns. One nester adds %.2f of it to a message, each of two in a stack %.2f.\n' \
	"$(awk '{ print $1 }' rounds | median)" "$(awk '{ print ($3 - $2) / $1 }' rounds | median)" \
	"$(awk '{ print ($5 - $4) / $1 / 2 }' rounds | median)"
