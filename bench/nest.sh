#!/bin/bash
# What each space around costs: the same work in a space at depths 1, 2, 4, 8, 16, 32, beside the same natively.
#
# usage: bash bench/nest.sh BUILD
#
#   ROUNDS=9      how many rounds
#   DEPTHS="1 2"  at which depths
#
# In a round everything is measured once at each depth, one after the other, in turned order; each figure is the median,
# over the rounds, of its ratio to the same round's at depth 1, or to what is said. Draws BUILD/nest.svg.
set -u
export LC_ALL=C
build=$(cd "${1:-build}" && pwd) || exit 1
source=$(cd "$(dirname "$0")/.." && pwd) || exit 1
cordon=$build/cordon
ROUNDS=${ROUNDS:-9}
read -r -a depths <<<"${DEPTHS:-1 2 4 8 16 32}"
[ -x "$cordon" ] || { echo "bench: $cordon is not there: make all" >&2; exit 1; }
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
place=$(mktemp -d /var/tmp/cordon-bench.XXXXXX) || exit 1
trap 'rm -rf "$place"' EXIT
trap 'exit 1' HUP INT TERM
cd "$place" || exit 1
for name in loop repeat notify; do
	gcc -std=gnu11 -D_GNU_SOURCE -O2 "$source/bench/$name.c" -o "$place/$name" || exit 1
done
cp "$cordon" "$place/cordon"
mkdir tree && cp -r "$source"/{include,kernel,host,lib} tree/
unit=(gcc -std=gnu11 -D_GNU_SOURCE -Itree -Itree/include -c tree/host/resolve.c -o /dev/null)
head -c 65536 /dev/urandom >file
loop=$place/loop repeat=$place/repeat
each=("$place/cordon" run -q --ro="$place" --allow-run="$place"
	--allow='space.create:*' --chdir="$place")

# at DEPTH COMMAND...: in so many spaces; 0: in none
at() {
	local depth=$1 command=()
	shift
	for ((i = 0; i < depth; i++)); do command+=("${each[@]}" --); done
	setsid -w "${command[@]}" "$@"
}
full() { # likewise, everything through the monitors
	local depth=$1 command=()
	shift
	for ((i = 0; i < depth; i++)); do command+=("${each[@]}" --audit=all --); done
	setsid -w "${command[@]}" "$@"
}

# Nanoseconds for one.
measure() { # WHAT DEPTH
	case $1 in
	getpid) at "$2" "$loop" getpid 300000 file ;;
	read) at "$2" "$loop" read 300000 file ;;
	stat) at "$2" "$loop" stat 100000 file ;;
	gcc) at "$2" "$repeat" 3 "${unit[@]}" ;;
	find) at "$2" "$repeat" -i 3 find /usr/share -name '*.none' ;;
	message) full "$2" "$loop" stat 30000 file ;;
	start) # of the innermost alone: one more space, and what is in it
		at "$(($2 - 1))" "$repeat" 5 "${each[@]}" -- /bin/true ;;
	esac
}
median() { sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

works=(getpid read stat gcc find message start)
for ((round = 0; round < ROUNDS; round++)); do
	order=("${depths[@]}")
	[ $((round % 2)) = 0 ] || order=($(printf '%s\n' "${depths[@]}" | tac))
	"$place/notify" 2>/dev/null | tail -n 1 >"bare.$round"
	for what in "${works[@]}"; do
		for depth in "${order[@]}"; do
			measure "$what" "$depth" 2>>errors | tail -n 1 >"$what.$depth.$round"
			[ -s "$what.$depth.$round" ] || { echo "bench: $what at depth $depth failed" >&2; tail -n 3 errors >&2; exit 1; }
		done
		[ "$what" = start ] || measure "$what" 0 2>>errors | tail -n 1 >"$what.0.$round"
	done
done

ratio() { # WHAT DEPTH WHAT DEPTH
	for ((round = 0; round < ROUNDS; round++)); do
		awk -v a="$(cat "$1.$2.$round")" -v b="$(cat "$3.$4.$round")" 'BEGIN { print a / b }'
	done | median
}
printf 'Ratios, medians of %d rounds; first column: depth 1 beside native (a message, a start: in microseconds)\n\n' "$ROUNDS"
printf '%-10s %10s' '' native
printf ' %7s' "${depths[@]}"
echo
for what in "${works[@]}"; do
	printf '%-10s' "$what"
	case $what in
	start | message) printf ' %10.1f' "$(cat "$what.1".* | median | awk '{ print $1 / 1000 }')" ;;
	*) printf ' %10.2f' "$(ratio "$what" 1 "$what" 0)" ;;
	esac
	for depth in "${depths[@]}"; do
		value=$(ratio "$what" "$depth" "$what" 1)
		printf ' %7.2f' "$value"
		echo "$what $depth $value" >>points
	done
	echo
done
layer=$(for ((round = 0; round < ROUNDS; round++)); do
	awk -v one="$(cat "message.${depths[0]}.$round")" -v deep="$(cat "message.${depths[-1]}.$round")" -v bare="$(cat "bare.$round")" \
		-v layers=$((depths[-1] - depths[0])) 'BEGIN { print (deep - one) / layers / bare }'
done | median)
awk -v last="${depths[-1]}" -v layer="$layer" '$1 == "start" && $2 == last { s = $3 } END {
	printf "\nEach space around adds %.3f of a bare notification to a message, and %.3f of a start at depth 1 to a start.\n", layer, (s - 1) / (last - 1) }' points

# The chart: depth against the ratio to depth 1.
awk -v last="${depths[-1]}" '
	{ v[$1, $2] = $3; if (!($1 in seen)) { seen[$1] = 1; names[++n] = $1 } if ($3 > top) top = $3; d[$2] = 1 }
	function x(depth) { return 60 + 480 * log(depth) / log(last > 1 ? last : 2) }
	function y(r) { return 300 - 260 * r / top }
	END {
		split("#4269d0 #efb118 #ff725c #6cc5b0 #3ca951 #a463f2 #9c6b4e", colour, " ")
		if (top < 2) top = 2
		print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"680\" height=\"360\" font-family=\"sans-serif\" font-size=\"12\">"
		print "<rect width=\"680\" height=\"360\" fill=\"white\"/>"
		for (r = 0; r <= top; r += top > 5 ? 2 : 0.5)
			printf "<line x1=\"60\" x2=\"540\" y1=\"%d\" y2=\"%d\" stroke=\"#ddd\"/><text x=\"30\" y=\"%d\">%.1f</text>\n", y(r), y(r), y(r) + 4, r
		for (depth = 1; depth <= last; depth *= 2)
			printf "<text x=\"%d\" y=\"320\" text-anchor=\"middle\">%d</text>\n", x(depth), depth
		print "<text x=\"300\" y=\"345\" text-anchor=\"middle\">depth; time beside depth 1</text>"
		for (i = 1; i <= n; i++) {
			line = ""
			for (depth = 1; depth <= last; depth++)
				if ((names[i], depth) in v) { line = line x(depth) "," y(v[names[i], depth]) " "; end = v[names[i], depth] }
			printf "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n", line, colour[i]
			printf "<text x=\"560\" y=\"%d\" fill=\"%s\">%s %.2f</text>\n", 40 + 18 * i, colour[i], names[i], end
		}
		print "</svg>"
	}' points >"$build/nest.svg"
echo "drawn: $build/nest.svg"
