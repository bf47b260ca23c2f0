#!/bin/bash
# Measures what cordon costs, beside the same work done natively and by others, and prints one table.
#
# usage: bash bench/run.sh BUILD
#
# Every figure is a ratio of two things measured in the same round, one right after the other; the median of all rounds is
# printed, so that a machine that gets slower or faster in the meantime does not show. Absolute times are medians as well, and
# are there for orientation only. Takes three minutes or less; ROUNDS=3 makes it quicker and coarser.
set -u
export LC_ALL=C
build=$(cd "${1:-build}" && pwd) || exit 1
source=$(cd "$(dirname "$0")/.." && pwd) || exit 1
cordon=$build/cordon
ROUNDS=${ROUNDS:-15}
[ -x "$cordon" ] || { echo "bench: $cordon is not there: make all" >&2; exit 1; }

place=$(mktemp -d /var/tmp/cordon-bench.XXXXXX 2>/dev/null || mktemp -d) || exit 1
trap 'rm -rf "$place"' EXIT
trap 'exit 1' HUP INT TERM
cd "$place" || exit 1
began=$SECONDS

# --- the programs ---
for name in notify loop repeat crowd; do
	gcc -std=gnu11 -D_GNU_SOURCE -O2 "$source/bench/$name.c" -o "$place/$name" || exit 1
done
gcc -std=gnu11 -D_GNU_SOURCE -O2 -I"$source" -I"$source/include" "$source/bench/decide.c" "$source"/refmon/*.c \
	"$source"/lib/{buf,ops,status,vec}.c -o "$place/decide" || exit 1
# What is compiled: one of cordon's own files, of 600 lines, with the system's headers.
mkdir tree && cp -r "$source"/{include,kernel,host} tree/
unit=(-std=gnu11 -D_GNU_SOURCE -Itree -Itree/include -c tree/host/resolve.c)
# A file that is granted, at the same name inside and outside.
head -c 65536 /dev/urandom >"$place/file"

held=("$cordon" run -q --ro="$place" --chdir="$place" --)
# gcc's intermediate file is in memory inside a space; so it is outside.
[ -w /dev/shm ] && export TMPDIR=/dev/shm
have() { command -v "$1" >/dev/null && "${@:2}" >/dev/null 2>&1; }
bwrapped=; firejailed=; runsced=; straced=
have bwrap bwrap --ro-bind / / --unshare-all /bin/true && bwrapped=yes
have firejail timeout 10 firejail --quiet --noprofile /bin/true && firejailed=yes
have runsc timeout 20 runsc --rootless --network=none --ignore-cgroups 'do' /bin/true && runsced=yes
have strace strace -f -o /dev/null /bin/true && straced=yes

# measure NAME COMMAND...: the nanoseconds that the command prints are appended to NAME's. Each command has a session of
# its own, as a space has: on a busy machine Linux shares processors out by sessions.
measure() {
	local value
	value=$(setsid -w "${@:2}" 2>"$place/error") && [ -n "$value" ] || value=
	[ -n "$value" ] || { echo "bench: $1 failed: $(tail -1 "$place/error")" >&2; value=nan; }
	echo "$value" >>"$place/$1.ns"
}
# The middle one of a file's figures. What was not measured has no file, and no median.
median() { grep -v nan "$1" 2>/dev/null | sort -n | awk '{v[NR]=$1} END {if (NR) print v[int((NR+1)/2)]}'; }
# ratio A B: the median over the rounds of A divided by B.
ratio() {
	if [ ! -s "$place/$1.ns" ] || [ ! -s "$place/$2.ns" ]; then
		return
	fi
	paste "$place/$1.ns" "$place/$2.ns" | awk '$1 != "nan" && $2 != "nan" && $2 > 0 {printf "%.4f\n", $1 / $2}' \
		>"$place/ratios"
	median "$place/ratios"
}

for ((round = 0; round < ROUNDS; round++)); do
	# Start to end. What is compared stands side by side.
	measure true-native "$place/repeat" 15 /bin/true
	measure true-cordon "$place/repeat" 15 "$cordon" run -q -- /bin/true
	[ -z "$bwrapped" ] || measure true-bwrap "$place/repeat" 15 bwrap --ro-bind / / --unshare-all /bin/true
	[ -z "$firejailed" ] || measure true-firejail "$place/repeat" 3 firejail --quiet --noprofile /bin/true
	[ -z "$runsced" ] || measure true-runsc "$place/repeat" 2 \
		runsc --rootless --network=none --ignore-cgroups 'do' /bin/true
	# One operation.
	measure notify "$place/notify" 10000
	measure stat-cordon "${held[@]}" "$place/loop" stat 10000 "$place/file"
	measure notify2 "$place/notify" 10000
	measure open-cordon "${held[@]}" "$place/loop" open 10000 "$place/file"
	measure stat-native "$place/loop" stat 50000 "$place/file"
	measure open-native "$place/loop" open 50000 "$place/file"
	measure read-native "$place/loop" read 200000 "$place/file"
	measure read-cordon "${held[@]}" "$place/loop" read 200000 "$place/file"
	[ -z "$straced" ] || measure stat-strace strace -f -o /dev/null "$place/loop" stat 1000 "$place/file"
	# Real work, inside one space.
	measure gcc-native "$place/repeat" 5 gcc "${unit[@]}" -o /dev/null
	measure gcc-cordon "${held[@]}" "$place/repeat" 5 gcc "${unit[@]}" -o /dev/null
	measure gccO2-native "$place/repeat" 3 gcc -O2 "${unit[@]}" -o /dev/null
	measure gccO2-cordon "${held[@]}" "$place/repeat" 3 gcc -O2 "${unit[@]}" -o /dev/null
	[ -z "$bwrapped" ] || measure gcc-bwrap bwrap --ro-bind / / --dev /dev --tmpfs /tmp --unshare-all \
		--chdir "$place" "$place/repeat" 5 gcc "${unit[@]}" -o /dev/null
	[ -z "$straced" ] || measure gcc-strace "$place/repeat" 3 \
		strace -f -o /dev/null gcc "${unit[@]}" -o /dev/null
	if ((round % 3 == 0)); then
		measure find-native "$place/repeat" 3 find /usr/lib
		measure find-cordon "${held[@]}" "$place/repeat" 1 find /usr/lib
		[ -z "$bwrapped" ] || measure find-bwrap bwrap --ro-bind / / --dev /dev --unshare-all \
			"$place/repeat" 3 find /usr/lib
	fi
	((SECONDS - began < 190)) || break
done

# --- the monitor's memory, seen from outside ---
mkfifo go come
"${held[@]}" "$place/crowd" "$place/file" <go >come &
keeper=$!
exec 7>go 8<come
: >"$place/rss"
# At each pause: the monitor is the keeper's one child.
while IFS= read -r -n 1 -u 8 -t 60 letter && [ "$letter" = p ]; do
	monitor=$(cat /proc/$keeper/task/$keeper/children 2>/dev/null)
	[ -n "$monitor" ] || monitor=$(pgrep -P "$keeper")
	awk '/^VmRSS/ {print $2}' /proc/"${monitor%% *}"/status >>"$place/rss" 2>/dev/null
	printf g >&7
done
exec 7>&- 8<&-
wait "$keeper"
rss_first=$(head -1 "$place/rss") rss_second=$(sed -n 2p "$place/rss") rss_last=$(tail -1 "$place/rss")
rss_most=$(sort -n "$place/rss" | tail -1)

# --- the table ---
us() { local m; m=$(median "$place/$1.ns"); [ -n "$m" ] && awk -v m="$m" 'BEGIN {printf (m < 1e6 ? "%.1f us" : "%.2f ms"), (m < 1e6 ? m / 1e3 : m / 1e6)}'; }
# line WHAT TIME RATIO TO GOAL
line() {
	local verdict=
	if [ -z "$3" ]; then
		verdict='not measured'
	elif [ -n "$5" ]; then
		verdict=$(awk -v r="$3" -v g="$5" 'BEGIN {print (r <= g) ? "met" : "MISSED"}')
	fi
	printf '| %s | %s | %s | %s | %s | %s |\n' "$1" "${2:--}" "${3:+$(printf %.2f "$3")}" "$4" "${5:+at most $5}" "$verdict"
}
echo "| what | time | ratio | to | goal | |"
echo "| --- | --- | --- | --- | --- | --- |"
line "/bin/true from start to end: cordon run" "$(us true-cordon)" "$(ratio true-cordon true-bwrap)" \
	"bwrap --unshare-all" 0.9
line "the same: cordon run" "$(us true-cordon)" "$(ratio true-cordon true-native)" native ""
line "the same: bwrap" "$(us true-bwrap)" "$(ratio true-bwrap true-native)" native ""
[ -z "$firejailed" ] || line "the same: firejail --noprofile" "$(us true-firejail)" "$(ratio true-firejail true-native)" native ""
[ -z "$runsced" ] || line "the same: runsc do (gVisor)" "$(us true-runsc)" "$(ratio true-runsc true-native)" native ""
line "a bare notification round trip" "$(us notify)" "$(ratio notify stat-native)" "native stat" ""
line "stat, by the monitor" "$(us stat-cordon)" "$(ratio stat-cordon notify)" "bare round trip" 3
line "open and close, by the monitor" "$(us open-cordon)" "$(ratio open-cordon notify2)" "bare round trip" 4
line "stat, by the monitor" "$(us stat-cordon)" "$(ratio stat-cordon stat-native)" native ""
line "open and close, by the monitor" "$(us open-cordon)" "$(ratio open-cordon open-native)" native ""
[ -z "$straced" ] || line "stat under strace" "$(us stat-strace)" "$(ratio stat-strace stat-native)" native ""
line "reading 4 KiB from a granted descriptor" "$(us read-cordon)" "$(ratio read-cordon read-native)" native 1.25
line "gcc -c, 600 lines" "$(us gcc-cordon)" "$(ratio gcc-cordon gcc-native)" native 1.9
line "gcc -O2 -c, the same" "$(us gccO2-cordon)" "$(ratio gccO2-cordon gccO2-native)" native ""
[ -z "$bwrapped" ] || line "gcc -c in bwrap" "$(us gcc-bwrap)" "$(ratio gcc-bwrap gcc-native)" native ""
[ -z "$straced" ] || line "gcc -c under strace -f" "$(us gcc-strace)" "$(ratio gcc-strace gcc-native)" native ""
line "find /usr/lib" "$(us find-cordon)" "$(ratio find-cordon find-native)" native ""
[ -z "$bwrapped" ] || line "find /usr/lib in bwrap" "$(us find-bwrap)" "$(ratio find-bwrap find-native)" native ""
if [ -n "$rss_last" ]; then
	line "the monitor's resident memory, KiB, after 100,000 operations and 1,000 processes" "$rss_last KiB" \
		"$(awk -v l="$rss_last" 'BEGIN {print l / 1024}')" "1 MiB" 8
	line "the same: growth after the first tenth ($rss_first, $rss_second, ..., most $rss_most KiB)" "$rss_last KiB" \
		"$(awk -v l="$rss_last" -v s="$rss_second" 'BEGIN {print l / s}')" "the first tenth" 1.1
fi
echo
echo "One decision, by number of rules (bench/decide.c):"
echo
"$place/decide" | sed 's/^/    /'
echo
echo "$((round < ROUNDS ? round + 1 : ROUNDS)) rounds, $((SECONDS - began)) s, load $(cut -d' ' -f1-3 /proc/loadavg)"
awk -v cores="$(nproc)" '$1 > cores + 1 {print "The machine was busy with other work: what waits for another process looks dearer than it is."}' /proc/loadavg
