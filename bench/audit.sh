#!/bin/bash
# What records cost: full mediation with a log beside the same without, and `--audit=syscalls` beside strace -f.
#
# usage: bash bench/audit.sh BUILD
#
#   ROUNDS=15     how many rounds
#
# Every figure is a ratio of two things measured in the same round, one after the other, in turned order; the median of all
# rounds is printed. Size: bytes of a log for each record in it.
set -u
export LC_ALL=C
build=$(cd "${1:-build}" && pwd) || exit 1
source=$(cd "$(dirname "$0")/.." && pwd) || exit 1
cordon=$build/cordon
ROUNDS=${ROUNDS:-15}
[ -x "$cordon" ] || { echo "bench: $cordon is not there: make all" >&2; exit 1; }
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
place=$(mktemp -d /var/tmp/cordon-bench.XXXXXX) || exit 1
trap 'rm -rf "$place"' EXIT
trap 'exit 1' HUP INT TERM
cd "$place" || exit 1
for name in loop repeat; do
	gcc -std=gnu11 -D_GNU_SOURCE -O2 "$source/bench/$name.c" -o "$place/$name" || exit 1
done
mkdir tree && cp -r "$source"/{include,kernel,host,lib} tree/
unit=(gcc -std=gnu11 -D_GNU_SOURCE -Itree -Itree/include -c tree/host/resolve.c -o /dev/null)
head -c 65536 /dev/urandom >file
loop=$place/loop repeat=$place/repeat
held=("$cordon" run -q --ro="$place" --chdir="$place")
[ -w /dev/shm ] && export TMPDIR=/dev/shm

# The command prints nanoseconds for one. Each has a session of its own, as a space has: on a busy machine Linux shares
# processors out by sessions.
by() {
	local side=$1
	shift
	rm -f log
	case $side in
	full) setsid -w "${held[@]}" --audit=all -- "$@" ;;
	log) setsid -w "${held[@]}" --audit=all --log=log --limit=log_size=1G -- "$@" ;;
	syscalls) setsid -w "${held[@]}" --audit=syscalls --log=log --limit=log_size=1G -- "$@" ;;
	strace) setsid -w strace -f -o log.strace "$@" ;;
	esac </dev/null 2>/dev/null
}
# pair NAME SIDE SIDE COMMAND...: both; NAME gets their ratio.
pair() {
	local name=$1 a b
	if ((round % 2)); then
		a=$(by "$2" "${@:4}") b=$(by "$3" "${@:4}")
	else
		b=$(by "$3" "${@:4}") a=$(by "$2" "${@:4}")
	fi
	[[ $a =~ ^[0-9]+$ && $b =~ ^[0-9]+$ ]] || { echo "bench: $name could not be measured" >&2; return; }
	awk -v a="$a" -v b="$b" 'BEGIN {printf "%.4f\n", a / b}' >>"$name.ratios"
	echo "$a" >>"$name.ns"
	[ ! -s log ] || awk 'END {print int(bytes / records)} {bytes += length + 1} /^{"k":"(op|call)"/ {records++}' log >>"$name.size"
}
median() { sort -n "$1" 2>/dev/null | awk '{v[NR] = $1} END {if (NR) print v[int((NR + 1) / 2)]}'; }
work() { # work NAME COMMAND...
	local name=$1
	shift
	pair "log-$name" log full "$@"
}
for ((round = 0; round < ROUNDS; round++)); do
	work stat "$loop" stat 20000 "$place/file"
	work open "$loop" open 10000 "$place/file"
	work gcc "$repeat" 3 "${unit[@]}"
	work find "$repeat" -i 1 find /usr/share/doc /usr/include
	((round < 5)) && command -v strace >/dev/null || continue
	pair calls-read syscalls strace "$loop" read 5000 "$place/file"
	pair calls-getpid syscalls strace "$loop" getpid 5000 "$place/file"
	pair calls-gcc syscalls strace "$repeat" 1 "${unit[@]}"
	pair calls-find syscalls strace "$repeat" -i 1 find /usr/include
done

row() { # row NAME WHAT TO [GOAL]
	local ratio goal=
	[ -s "$1.ratios" ] || return
	ratio=$(median "$1.ratios")
	[ -z "${4:-}" ] || goal="at most $4: $(awk -v r="$ratio" -v g="$4" 'BEGIN {print r <= g ? "met" : "MISSED"}')"
	printf '| %s | %s | %.2f | %s | %s |\n' "$2" "$3" "$ratio" "$goal" "$(median "$1.size")"
}
echo "| records | to | ratio | goal | bytes a record |"
echo "| --- | --- | --- | --- | --- |"
row log-stat "stat and nothing else, with --audit=all --log" "full mediation"
row log-open "open and close, and nothing else" "full mediation"
row log-gcc "gcc -c, 600 lines" "full mediation" 1.10
row log-find "find /usr/share/doc /usr/include" "full mediation" 1.10
row calls-read "read, 4 KiB, with --audit=syscalls --log" "strace -f" 0.2
row calls-getpid "getpid" "strace -f" 0.2
row calls-gcc "gcc -c, 600 lines" "strace -f" 0.2
row calls-find "find /usr/include" "strace -f" 0.2
echo
echo "$ROUNDS rounds, load $(cut -d' ' -f1-3 /proc/loadavg)"
awk -v cores="$(nproc)" '$1 > cores + 1 {print "The machine was busy with other work: waking a process that sleeps on an idle processor, of which strace does much, costs less then."}' /proc/loadavg
