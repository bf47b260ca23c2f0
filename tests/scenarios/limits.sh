# Limits: each of them reached, and held, by each of the means that this machine has.
. "$(dirname "$0")/lib.sh"
GUARD=40
mkdir -p "$WORK/bin"
for name in hog forkbomb; do
	gcc -std=gnu11 -O1 -static -o "$WORK/bin/$name" "$T_ROOT/src/samples/$name.c" >"$WORK/cc.out" 2>&1 ||
		{ skip limits 'no compiler for static programs'; exit 0; }
done
fixture_programs() { cp "$WORK/bin/"* .; }
FIXTURE=fixture_programs
base=$CORDON_WITHOUT
# Whether a control group can be had, for the four that it can hold.
grouped() { "$CORDON" doctor --json | grep -q "\"$1\":{\"whole\":true,\"means\":\"[^\"]*control group"; }

# held MEANS: the tests that hold whatever the means
held() {
	local means=$1
	inside "$means: memory, one process" "$2" --limit=memory=64M -- ./hog 200
	inside "$means: memory enough" 0 --limit=memory=256M -- ./hog 50
	# Each of them is within the limit, all of them are not.
	inside "$means: memory, many processes" 137 --limit=memory=96M -- sh -c 'for i in 1 2 3 4 5 6; do ./hog 60 & done; ./hog 60; sleep 3; for i in 1 2 3; do ./hog 60; done; kill -9 $$'
	inside "$means: a fork bomb" 1 --limit=processes=32 -- ./forkbomb 1000
	also "$means: it made no more than it may" few "$3"
	inside "$means: processes enough" 0 --limit=processes=64 -- ./forkbomb 40
	inside "$means: processor time, one process" 152 --limit=cpu_seconds=1 -- sh -c 'while :; do :; done'
	inside "$means: processor time, many processes" 137 --limit=cpu_seconds=1 -- sh -c 'for i in 1 2 3 4; do sh -c "while :; do :; done" & done; wait'
	also "$means: it is said" err_has '^cordon: the limit cpu_seconds \(1\) was reached: the space was ended; --limit=cpu_seconds=2 would raise it'
	inside "$means: processor time enough" 0 --limit=cpu_seconds=5 -- true
	inside "$means: a share of a processor" 7 --limit=cpu_percent=30 -- sh -c 'exit 7'
}
# forkbomb says "31 of 1000 processes made"
few() { [ "$(sed -nE 's/^([0-9]+) of .*/\1/p' "$OUT")" -le "$1" ]; }

root=0
[ "$(id -u)" != 0 ] || root=1
if grouped memory && grouped processes; then
	held group 137 32
	inside 'group: memory is what is used, not what is asked for' 0 --limit=memory=64M -- sh -c 'ulimit -d' 
	also 'group: no rlimit is set for it' out_is unlimited
	refresh
	inside 'a group: the reason is said' 137 --limit=memory=64M -- ./hog 200
	also 'with what would raise it' err_has '^cordon: the limit memory \(64M\) was reached: .* killed; --limit=memory=128M would raise it'
	inside 'its memory of /tmp counts' 137 --limit=memory=64M --limit=tmp_size=1G -- sh -c 'exec head -c 200M /dev/zero >/tmp/x'
	# Whoever works for it is in its group: the monitor, the resolver and the broker.
	cat >"$WORK/ask.py" <<'P'
import socket, time
try: socket.create_connection(("127.0.0.1", 9))
except OSError: pass
open("ready", "w")
time.sleep(2)
P
	refresh
	(cd "$SCRATCH" && exec timeout -k 5 $GUARD "$CORDON" run -q --limit=cpu_percent=90 --rw "$SCRATCH" --allow-read="$WORK/ask.py" --chdir "$SCRATCH" -- \
		/usr/bin/python3 "$WORK/ask.py") >"$OUT" 2>&1 </dev/null &
	run=$!
	for _ in {1..100}; do [ ! -e "$SCRATCH/ready" ] || break; sleep 0.05; done
	read -r keeper <"/proc/$run/task/$run/children"
	read -ra workers <"/proc/$keeper/task/$keeper/children"
	for worker in "${workers[@]}"; do grep -q '/cordon\.' "/proc/$worker/cgroup" && echo held; done >"$WORK/held"
	wait $run
	also 'all who work for the space are held with it' [ "$(grep -c held "$WORK/held")" = 3 ]
	inside 'the space is at the root of its groups' 0 --limit=memory=64M -- cat /proc/self/cgroup
	also 'and sees no other' bash -c "! grep -q cordon '$OUT'"
else
	skip 'control groups' 'none can be had here'
fi
# As an administrator without groups, or a user: what the kernel accounts for processes.
export CORDON_WITHOUT=$base,cgroup
held 'no group' 1 $((root ? 340 : 32))
# None of them alone meets the limit of one process, and all of them stay until they are seen together.
inside 'no group: the whole is said' 137 --limit=memory=96M -- sh -c 'for i in 1 2 3 4 5 6 7 8; do (x=$(head -c 20000000 /dev/zero | tr \\0 x); sleep 20; :) & done; wait'
also 'no group: with what would raise it' err_has '^cordon: the limit memory \(96M\) was reached: the space was ended; --limit=memory=192M would raise it'
inside 'no group: shared memory is counted once' 0 --limit=memory=96M -- sh -c 'x=$(head -c 20000000 /dev/zero | tr \\0 x); for i in 1 2 3 4 5 6 7 8; do (sleep 1; :) & done; wait'
inside 'no group: idle, and for good' 0 --limit=cpu_percent=30 -- sh -c 'chrt -p $$; chrt -o -p 0 $$ 2>/dev/null; chrt -p $$ | grep -c SCHED_IDLE'
also 'no group: idle' out_has '^1$'
if [ $root = 1 ]; then
	export CORDON_WITHOUT=$base,cgroup,pid_max
	refresh
	(cd "$SCRATCH" && exec timeout -k 5 $GUARD "$CORDON" run --limit=processes=32 -- true) >"$OUT" 2>"$ERR"
	also 'what cannot be held is said' err_has '^cordon: no control group can be had to hold processes'
fi
export CORDON_WITHOUT=$base

# Those that are the same everywhere.
inside 'time' 137 --limit=wall_seconds=1 -- sleep 20
also 'time: it is said' err_has '^cordon: the limit wall_seconds \(1\) was reached'
refresh
(cd "$SCRATCH" && exec timeout -k 5 $GUARD "$CORDON" run --limit=wall_seconds=1 -- sh -c 'cat /root/x; exec sleep 20') >"$OUT" 2>"$ERR" </dev/null
also 'time: what was denied before is said, too' err_has '^cordon: (denied|the limit wall)'
# cordon stops with its job (^Z): its clock is not the only one.
if [ -x /usr/bin/python3 ]; then
	cat >"$WORK/job.py" <<'P'
import os, pty, signal, sys, time
def leave_it_stopped():
	signal.signal(signal.SIGTTOU, signal.SIG_IGN)
	job = os.fork()
	if job == 0:
		os.setpgid(0, 0)
		os.tcsetpgrp(0, os.getpid())
		signal.signal(signal.SIGTTOU, signal.SIG_DFL)
		os.execv(sys.argv[1], sys.argv[1:])
	stopped = os.WIFSTOPPED(os.waitpid(job, os.WUNTRACED)[1])
	time.sleep(6)
	os.kill(job, signal.SIGKILL)
	os._exit(not stopped)
shell, terminal = pty.fork()
if shell == 0:
	leave_it_stopped()
try:
	while os.read(terminal, 1000): pass
except OSError: pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(shell, 0)[1]))
P
	refresh
	(cd "$SCRATCH" && exec timeout -k 5 $GUARD /usr/bin/python3 "$WORK/job.py" "$CORDON" run --limit=wall_seconds=1 --rw "$SCRATCH" -- \
		sh -c '(for i in 1 2 3 4 5 6 7 8 9 10; do echo >>ticks; sleep 0.5; done; echo >>late) & kill -STOP $$') >"$OUT" 2>"$ERR" </dev/null
	status=$?
	also 'time: of a job that has stopped: it did stop' [ $status = 0 ]
	also 'time: of a job that has stopped: it ran' [ -s "$SCRATCH/ticks" ]
	also 'time: of a job that has stopped: its end' [ ! -e "$SCRATCH/late" ]
else
	skip 'time: of a job that has stopped' 'python3 is not installed'
fi
inside 'descriptors' 0 --limit=open_files=20 -- sh -c 'ulimit -n; ulimit -Hn; ulimit -n 30 2>/dev/null; exit 0'
also 'descriptors: hard' out_is $'20\n20'
inside 'a large file' 153 --limit=file_size=1M -- sh -c 'exec head -c 3M /dev/zero >large'
also 'a large file: it ends there' test "$(stat -c %s "$SCRATCH/large")" = 1048576
also 'a large file: it is said' err_has '^cordon: the limit file_size \(1M\) was reached'
inside 'a full /tmp' 1 --limit=tmp_size=1M -- sh -c 'head -c 3M /dev/zero >/tmp/x'
also 'a full /tmp: as Linux says it' err_has 'No space left'
inside 'many empty files in /tmp' 2 --limit=tmp_size=1M -- sh -c 'i=0; while : >/tmp/$i; do i=$((i+1)); [ $i -lt 9000 ] || exit 9; done 2>/dev/null; exit 1'
inside '/tmp has a size without a limit' 0 -- sh -c 'set -- $(df -k /tmp | tail -n 1); m=$(sed -nE "s/^MemTotal: *([0-9]+).*/\1/p" /proc/meminfo); [ $2 -le $((m * 3 / 10)) ]'

# ---- a flood of records ----
flood() { refresh; rm -f "$WORK/log"; (cd "$SCRATCH" && exec timeout -k 5 $GUARD "$CORDON" run --log "$WORK/log" "$@") >"$OUT" 2>"$ERR" </dev/null; }
flood --audit=all --limit=log_size=64K -- sh -c 'i=0; while [ $i -lt 1500 ]; do i=$((i+1)); [ -e /usr/bin ]; done; [ -r /root/secret ]; : >/usr/denied'
also 'a log has a size' test "$(stat -c %s "$WORK/log")" -le 65536
also 'its last line says what is missing' bash -c "tail -n 1 '$WORK/log' | grep -qE '^\{\"k\":\"tail\".*\"left_out\":[0-9]{3,},'"
also 'there is room left for what was denied' grep -q '"x":"/usr/denied","v":"deny"' "$WORK/log"
also 'and it is as it was written' "$CORDON" audit verify "$WORK/log" >/dev/null
also 'and it is said' err_has '^cordon: the limit log_size \(64K\) was reached: [0-9]+ records were left out; --limit=log_size=128K would raise it'
flood --limit=log_size=64K -- sh -c 'i=0; while [ $i -lt 1500 ]; do i=$((i+1)); : >/usr/denied-$i; done 2>/dev/null; exit 0'
also 'a flood of denials ends there, too' test "$(stat -c %s "$WORK/log")" -le 65536
flood --audit=all -- cat /etc/passwd
also 'what is in it is complete without a flood' grep -q '"left_out":0,' "$WORK/log"

# ---- nothing is left ----
groups() { find /sys/fs/cgroup -name "cordon.$1.*" 2>/dev/null; }
gone() { for _ in $(seq 50); do [ -n "$(groups "$1")" ] || return 0; sleep 0.1; done; return 1; }
if grouped memory; then
	"$CORDON" run -q --limit=memory=64M --limit=processes=9 -- sleep 30 >/dev/null 2>&1 </dev/null &
	pid=$!
	for _ in $(seq 50); do [ -z "$(groups $pid)" ] || break; sleep 0.1; done
	also 'there is a group while it runs' test -n "$(groups $pid)"
	kill -TERM $pid
	wait $pid
	also 'and none at the end' gone $pid
	"$CORDON" run -q --limit=memory=64M --limit=processes=9 -- sleep 30 >/dev/null 2>&1 </dev/null &
	pid=$!
	sleep 0.5
	kill -KILL $pid
	wait $pid 2>/dev/null
	sleep 0.5
	# A cordon that is alive keeps its own, though it is empty of processes.
	"$CORDON" run -q --limit=memory=64M --limit=processes=9 -- true
	also 'of a cordon that was killed, none after the next' gone $pid
	for _ in 1 2 3 4 5 6 7 8; do "$CORDON" run -q --limit=memory=64M --limit=processes=9 -- sh -c 'true; exit 3' & pids="${pids:-} $!"; done
	for pid in $pids; do wait "$pid" && fail 'several at once'; gone "$pid" || fail 'several at once: left'; done
	pass 'several at once'
	# The monitor is not among those that are ended.
	inside 'what was denied is said after the end for want of memory' 137 --limit=memory=64M -- sh -c 'cat /root/.x 2>/dev/null; exec ./hog 200'
fi
if have python3; then
	refresh
	(cd "$SCRATCH" && exec timeout -k 5 $GUARD "$CORDON" run --json --limit=processes=32 --limit=wall_seconds=30 --allow-run="$SCRATCH" -- ./forkbomb 1000) >"$OUT" 2>"$ERR" </dev/null
	also '--json' python3 -c 'import json, sys
d = json.loads([l for l in open(sys.argv[1]) if l.startswith("{")][0])["limits"]
assert d["processes"]["value"] == 32 and d["processes"]["means"] and d["wall_seconds"]["reached"] == 0, d' "$ERR"
fi
