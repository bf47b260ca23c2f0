#!/bin/bash
# Measures what cordon costs, beside the same work done natively and by others; prints tables, and writes BUILD/bench.json and
# BUILD/bench.svg.
#
# usage: bash bench/run.sh BUILD
#
#   ROUNDS=15     how many rounds; 1 shows that everything works, and says nothing else
#   SECONDS_MOST=200  no round begins later than this
#
# Every figure is a ratio of two things measured in the same round; the median of all rounds is printed, so that a machine that
# gets slower or faster in the meantime does not show. The order within a round is turned about from round to round. Times are
# medians as well, and are there for orientation only.
#
# BUILD/bench.json, one row in each line of it:
#
#   { "version": 1,
#     "machine": {"cpu": text, "cores": n, "kernel": text, "load": [n, n, n]},
#     "rounds": n, "seconds": n,
#     "rows": [ {"group":  "native" (work, beside the same natively), "other" (to something else), "rules" or "processes" (how
#                          the cost grows),
#                "id":     the work, "what": the same in words,
#                "side":   "native", "cordon" (settled calls run natively, as by default), "full" (every call by the monitor),
#                          "bwrap", "firejail", "runsc", "strace"; in "other", what is measured,
#                "n":      how many rules or processes, else null,
#                "ratio":  to "to", or null where it was not measured,
#                "to":     what it is divided by,
#                "goal":   at most this, or null, "met": true, false or null,
#                "ns":     the median in nanoseconds, or null; "kib": the same of memory,
#                "rounds": in how many rounds it was measured} ] }
set -u
export LC_ALL=C
build=$(cd "${1:-build}" && pwd) || exit 1
source=$(cd "$(dirname "$0")/.." && pwd) || exit 1
cordon=$build/cordon
ROUNDS=${ROUNDS:-15}
SECONDS_MOST=${SECONDS_MOST:-200}
[ -x "$cordon" ] || { echo "bench: $cordon is not there: make all" >&2; exit 1; }

place=$(mktemp -d /var/tmp/cordon-bench.XXXXXX 2>/dev/null || mktemp -d) || exit 1
home=$(mktemp -d "$place"-home.XXXXXX) || exit 1
trap 'rm -rf "$place" "$home"' EXIT
trap 'exit 1' HUP INT TERM
cd "$place" || exit 1
# The same for all: no names are looked for where only this user's shell would look. The home is empty, and stands beside what
# is granted: below a home are protected names, which the monitor decides on.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=$home
unset XDG_CACHE_HOME XDG_CONFIG_HOME PYTHONPATH PYTHONHOME LIBRARY_PATH CPATH C_INCLUDE_PATH MAKEFLAGS MFLAGS MAKELEVEL LD_LIBRARY_PATH
began=$SECONDS

# --- what is run ---
for name in notify loop repeat crowd landlock; do
	gcc -std=gnu11 -D_GNU_SOURCE -O2 "$source/bench/$name.c" -o "$place/$name" || exit 1
done
gcc -std=gnu11 -D_GNU_SOURCE -O2 -I"$source" -I"$source/include" "$source/bench/decide.c" "$source"/refmon/*.c \
	"$source"/lib/{buf,ops,path,shared,status,vec}.c -o "$place/decide" || exit 1
loop=$place/loop repeat=$place/repeat
# What is compiled: one of cordon's own files, of 600 lines, with the system's headers.
mkdir tree && cp -r "$source"/{include,kernel,host,lib} tree/
unit=(-std=gnu11 -D_GNU_SOURCE -Itree -Itree/include -c tree/host/resolve.c)
# What is built: the parts of cordon that need no library.
mkdir project && cp -r "$source"/{include,lib,kernel,refmon} project/
rm -f project/lib/musl_*.c project/kernel/init.c
cat >project/Makefile <<'MAKE'
OBJECTS := $(patsubst %.c,%.o,$(wildcard lib/*.c kernel/*.c refmon/*.c))
libcordon.a: $(OBJECTS)
	$(AR) rcs $@ $^
%.o: %.c
	$(CC) -std=gnu11 -D_GNU_SOURCE -O2 -I. -Iinclude -c $< -o $@
clean:
	$(RM) $(OBJECTS) libcordon.a
MAKE
# 10,000 files in 100 directories, committed once; status is asked for without writing the index.
if command -v git >/dev/null; then
	for ((d = 0; d < 100; d++)); do
		mkdir -p files/"$d" && for ((f = 0; f < 100; f++)); do echo "$d $f" >files/"$d/$f"; done
	done
	{
		git init -q files && git -C files add -A &&
			git -C files -c user.name=bench -c user.email=bench commit -q -m files && sleep 1.1 &&
			git -C files status -s
	} >/dev/null 2>&1
fi
# A file that is granted, at the same name inside and outside.
head -c 65536 /dev/urandom >"$place/file"
python=$(command -v python3)

# --- by whom ---
held=("$cordon" run -q --ro="$place" --chdir="$place")
bwrap=(bwrap --ro-bind / / --dev /dev --tmpfs /tmp --ro-bind "$place" "$place" --unshare-all --chdir "$place")
firejail=(firejail --quiet --noprofile --keep-var-tmp)
runsc=(runsc --rootless --network=none --ignore-cgroups 'do')
strace=(strace -f -o /dev/null)
# gcc's intermediate file is in memory inside a space; so it is outside.
[ -w /dev/shm ] && export TMPDIR=/dev/shm
have() { command -v "$1" >/dev/null && "${@:2}" >/dev/null 2>&1; }
present=" native cordon full "
have bwrap bwrap --ro-bind / / --unshare-all /bin/true && present+="bwrap "
have firejail timeout 10 "${firejail[@]}" /bin/true && present+="firejail "
have runsc timeout 20 "${runsc[@]}" /bin/true && present+="runsc "
have strace strace -f -o /dev/null /bin/true && present+="strace "
# The copies of libraries in which calls are settled are made at the first start, once for each user.
"${held[@]}" -- /bin/true || exit 1
# What is read is in memory before anyone is measured.
find /usr/lib /usr/share >/dev/null 2>&1
gcc "${unit[@]}" -o /dev/null || exit 1
[ -z "$python" ] || "$python" -c pass
is_present() { [[ $present == *" $1 "* ]]; }

# measure NAME COMMAND...: the round, and the nanoseconds that the command prints, are appended to NAME's. Each command has a
# session of its own, as a space has: on a busy machine Linux shares processors out by sessions.
measure() {
	local value
	value=$(CORDON_WITHOUT=${without:-} timeout 60 setsid -w "${@:2}" 2>"$place/error" </dev/null)
	if [[ $value =~ ^[0-9]+$ ]]; then
		echo "$round $value" >>"$place/$1.ns"
	else
		echo "bench: $1 failed: $(tail -1 "$place/error")" >&2
	fi
}
# by SIDE WORK COMMAND...: the same by one of them. A word @N of the command is the number N, and a tenth of it for those that
# are slow by the call. granted is what may be written to, and is empty otherwise.
granted=
by() {
	local side=$1 work=$2 word command=() more=()
	shift 2
	is_present "$side" || return 0
	for word in "$@"; do
		case $side$word in
		runsc@* | strace@*) word=$((${word#@} / 10)) ;;
		*@*) [[ $word != @* ]] || word=${word#@} ;;
		esac
		command+=("$word")
	done
	[ -z "$granted" ] || (cd "$granted" && make -s clean) >/dev/null
	case $side in
	native) measure "$work.native" "${command[@]}" ;;
	cordon) measure "$work.cordon" "${held[@]}" ${granted:+--rw="$granted"} -- "${command[@]}" ;;
	full) without=shim measure "$work.full" "${held[@]}" ${granted:+--rw="$granted"} -- "${command[@]}" ;;
	bwrap)
		[ -z "$granted" ] || more=(--bind "$granted" "$granted")
		measure "$work.bwrap" "${bwrap[@]}" "${more[@]}" "${command[@]}"
		;;
	firejail) measure "$work.firejail" "${firejail[@]}" "${command[@]}" ;;
	runsc) measure "$work.runsc" "${runsc[@]}" "${command[@]}" ;;
	strace) measure "$work.strace" "${strace[@]}" "${command[@]}" ;;
	esac
}
# compare SIDES WORK COMMAND...: by each of them, forward in one round and backward in the next.
compare() {
	local side sides=
	for side in $1; do
		if ((round % 2)); then sides="$side $sides"; else sides="$sides $side"; fi
	done
	for side in $sides; do by "$side" "${@:2}"; done
}

usual="native cordon full bwrap"
for ((round = 0; round < ROUNDS; round++)); do
	# Those that are slow to start, or by the call, in the first round and each fifth.
	slow=
	((round % 5)) || slow="firejail runsc strace"
	# Start to end. What is compared stands side by side.
	measure true.native "$repeat" 15 /bin/true
	measure true.cordon "$repeat" 15 "$cordon" run -q -- /bin/true
	! is_present bwrap || measure true.bwrap "$repeat" 15 bwrap --ro-bind / / --unshare-all /bin/true
	without=shim measure true.full "$repeat" 15 "$cordon" run -q -- /bin/true
	for side in $slow; do
		is_present "$side" || continue
		declare -n prefix=$side
		measure "true.$side" "$repeat" 3 "${prefix[@]}" /bin/true
	done
	# One operation; full mediation also beside a bare round trip.
	compare "native cordon bwrap $slow" stat "$loop" stat @50000 "$place/file"
	measure notify.stat "$place/notify" 10000
	by full stat "$loop" stat 10000 "$place/file"
	compare "native cordon bwrap $slow" open "$loop" open @30000 "$place/file"
	measure open.landlock "$place/landlock" "$loop" open 30000 "$place/file"
	measure notify.open "$place/notify" 10000
	measure floor.open "$place/notify" 10000 "$place/file"
	by full open "$loop" open 10000 "$place/file"
	for op in read write mmap futex getpid; do
		compare "$usual $slow" $op "$loop" $op @50000 "$place/file"
	done
	# Programs, inside one space.
	compare "$usual $slow" again "$repeat" 30 /bin/true
	[ -z "$python" ] || compare "$usual $slow" python "$repeat" 5 "$python" -c pass
	compare "$usual $slow" gcc "$repeat" 3 gcc "${unit[@]}" -o /dev/null
	if ((round % 3 == 0)); then
		[ ! -d files/.git ] || compare "$usual ${slow:+strace}" git "$repeat" 5 git --no-optional-locks -C "$place/files" status -s
		compare "$usual ${slow:+strace}" find "$repeat" -i 3 find /usr/lib /usr/share
		granted=$place/project
		compare "$usual ${slow:+strace}" make "$repeat" 1 make -s -j2 -C "$granted"
		granted=
	fi
	# With rules that say nothing on what is done, and with processes that do the same at once.
	if ((round % 3 == 1 || ROUNDS == 1)); then
		for n in 10 1000 10000; do
			[ -f rules.$n.json ] || awk -v n=$n 'BEGIN {
				print "{\"version\": 1, \"extends\": [\"base\"], \"allow\": {\"fs.read\": ["
				for (i = 0; i < n; i++)
					printf "%s\"/srv/data/%d/project%d/**\"", i ? ",\n" : "", i % 251, i
				print "]}}"
			}' >rules.$n.json
			measure start.rules.$n "$repeat" 5 "$cordon" run -q -p rules.$n.json -- /bin/true
			measure stat.native.$n "$loop" stat 50000 "$place/file"
			measure stat.rules.$n "$cordon" run -q -p rules.$n.json --ro="$place" -- "$loop" stat 50000 "$place/file"
		done
		for n in 1 2 4 8; do
			measure many.native.$n "$loop" stat 20000 "$place/file" $n
			measure many.cordon.$n "${held[@]}" -- "$loop" stat 20000 "$place/file" $n
			without=shim measure many.full.$n "${held[@]}" -- "$loop" stat 2000 "$place/file" $n
		done
	fi
	((SECONDS - began < SECONDS_MOST)) || break
done
rounds=$((round < ROUNDS ? round + 1 : ROUNDS))

# --- the monitor's memory, seen from outside, with every call its own ---
mkfifo go come
CORDON_WITHOUT=shim "${held[@]}" -- "$place/crowd" "$place/file" <go >come &
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
rss_second=$(sed -n 2p "$place/rss") rss_last=$(tail -1 "$place/rss")

# --- the rows ---
# The middle one of the figures in the last column. What was not measured has no file, and no median.
median() { sort -n -k2,2 "$1" 2>/dev/null | awk '{v[NR]=$2} END {if (NR) print v[int((NR+1)/2)]}'; }
# ratio A B: the median over the rounds of A divided by B.
ratio() {
	[ -s "$place/$1.ns" ] && [ -s "$place/$2.ns" ] || return
	awk 'NR == FNR {a[$1] = $2; next} $1 in a && $2 > 0 {printf "%d %.4f\n", $1, a[$1] / $2}' \
		"$place/$1.ns" "$place/$2.ns" >"$place/ratios"
	median "$place/ratios"
}
# row GROUP ID WHAT SIDE N FILE TO-FILE TO GOAL
row() {
	local count=0
	[ ! -s "$place/$6.ns" ] || count=$(wc -l <"$place/$6.ns")
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n' "$1" "$2" "$3" "$4" "$5" "$(ratio "$6" "$7")" "$8" "$9" \
		"$(median "$place/$6.ns")" "$count" >>"$place/rows"
}
# work ID WHAT GOAL [GOAL OF FULL MEDIATION]: a row of each side that was measured.
work() {
	local side goal
	for side in native cordon full bwrap firejail runsc strace; do
		[ "$side" = cordon ] || [ -s "$place/$1.$side.ns" ] || continue
		goal=
		[ "$side" != cordon ] || goal=$3
		[ "$side" != full ] || goal=${4:-}
		row native "$1" "$2" "$side" '' "$1.$side" "$1.native" native "$goal"
	done
}
: >"$place/rows"
work stat "stat of a settled path" 1.15
work open "open and close of a settled path" 1.7
work read "read, 4 KiB from a file" 1.25
work write "write, 4 KiB to a file in memory" 1.25
work mmap "mmap and munmap of a page" 1.25
work futex "futex, waking nobody" 1.25
work getpid "getpid" 1.25
work again "/bin/true again, in a space that is up" 1.3
work python "python3 -c pass, in a space that is up" 1.2
work gcc "gcc -c, 600 lines" 1.05 1.9
work make "make -j2, $(find "$place"/project/{lib,kernel,refmon} -name '*.c' | wc -l) files" 1.08
work find "find /usr/lib /usr/share" 1.15
work git "git status, 10,000 files" 1.25
work true "/bin/true from start to end" ""
row other start "/bin/true from start to end" "cordon run" '' true.cordon true.bwrap "bwrap --unshare-all" 0.7
row other notify "a bare notification round trip" "notify" '' notify.stat stat.native "native stat" ""
row other mediated-stat "stat, by the monitor" "cordon, full mediation" '' stat.full notify.stat "bare round trip" 3
row other mediated-open "open and close, by the monitor" "cordon, full mediation" '' open.full notify.open "bare round trip" 4
row other floor-open "open and close, by who decides nothing" "notify" '' floor.open notify.open "bare round trip" ""
row other landlock-open "open and close within a Landlock domain, and no more" "landlock" '' open.landlock open.native native ""
row other settled-open "open and close of a settled path" "cordon" '' open.cordon open.landlock "the same within a Landlock domain" ""
# memory ID WHAT KIB DIVISOR TO GOAL
memory() {
	[ -n "$3" ] || return
	printf 'other\t%s\t%s\tmonitor\t\t%s\t%s\t%s\t\t1\t%s\n' "$1" "$2" \
		"$(awk -v a="$3" -v b="$4" 'BEGIN {printf "%.4f", a / b}')" "$5" "$6" "$3" >>"$place/rows"
}
memory memory "the monitor's resident memory after 100,000 operations and 1,000 processes" "$rss_last" 1024 "1 MiB" 8
memory memory-growth "the same: its growth after the first tenth" "$rss_last" "${rss_second:-1}" "the first tenth" 1.1
for n in 10 1000 10000; do
	row rules rules-start "/bin/true from start to end" cordon $n start.rules.$n start.rules.10 "10 rules" ""
	row rules rules-stat "stat of a settled path" cordon $n stat.rules.$n stat.native.$n native ""
done
for n in 1 2 4 8; do
	for side in native cordon full; do
		row processes processes-stat "stat" $side $n many.$side.$n many.native.$n "native, as many processes" ""
	done
done

# --- bench.json, bench.svg, the tables ---
awk -F '\t' -v rounds="$rounds" -v seconds=$((SECONDS - began)) -v cores="$(nproc)" -v kernel="$(uname -sr)" \
	-v load="$(cut -d' ' -f1-3 /proc/loadavg)" \
	-v cpu="$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" '
	function text(s) { gsub(/[\\"]/, "\\\\&", s); return "\"" s "\"" }
	function number(s) { return s == "" ? "null" : s }
	BEGIN {
		gsub(/ /, ", ", load)
		printf "{\"version\": 1,\n \"machine\": {\"cpu\": %s, \"cores\": %d, \"kernel\": %s, \"load\": [%s]},\n", text(cpu), cores, text(kernel), load
		printf " \"rounds\": %d, \"seconds\": %d,\n \"rows\": [", rounds, seconds
	}
	{
		met = $6 == "" || $8 == "" ? "null" : $6 + 0 <= $8 + 0 ? "true" : "false"
		printf "%s\n  {\"group\": %s, \"id\": %s, \"what\": %s, \"side\": %s, \"n\": %s, \"ratio\": %s, \"to\": %s, \"goal\": %s, \"met\": %s, \"ns\": %s, \"kib\": %s, \"rounds\": %d}", (NR > 1 ? "," : ""), text($1), text($2), text($3), text($4), number($5), number($6), text($7), number($8), met, number($9), number($11), $10
	}
	END { print "\n ]}" }' "$place/rows" >"$build/bench.json"
bash "$source/bench/chart.sh" "$build/bench.json" >"$build/bench.svg"
bash "$source/bench/tables.sh" "$place/rows"
echo "One decision, by number of rules (bench/decide.c):"
echo
"$place/decide" | sed 's/^/    /'
echo
echo "$rounds rounds, $((SECONDS - began)) s, load $(cut -d' ' -f1-3 /proc/loadavg); $build/bench.json, $build/bench.svg"
awk -v cores="$(nproc)" '$1 > cores + 1 {print "The machine was busy with other work: what waits for another process looks dearer than it is."}' /proc/loadavg
