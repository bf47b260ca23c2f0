# What a space cannot make the monitor do: grow, run out of workers, or stop answering.
. "$(dirname "$0")/lib.sh"
FIXTURE=fixture_tree
GUARD=120

# More opens that wait than the monitor keeps workers for: some are refused, the rest of the space goes on.
inside 'three hundred opens that wait' 0 -- bash -c 'exec 2>/dev/null; for i in $(seq 300); do cat a/fifo & done; sleep 1
	for i in $(seq 50); do cat a/one >/dev/null || exit 3; done; kill -KILL $(jobs -p); wait; cat a/one; timeout 5 sh -c "echo through >a/fifo" & cat a/fifo'
also 'and afterwards waiting works again' out_has '^through$'

if [ -x /usr/bin/python3 ]; then
	cat >"$WORK/work.py" <<'P'
import os, time
def refuse(i):
    try: os.stat('/root/x%d' % i)
    except OSError: pass
    try: open('/usr/bin/new%d' % i, 'w')
    except OSError: pass
    os.stat('a/one')
for i in range(3000): refuse(i)
open('warm', 'w').close()
while not os.path.exists('go'): time.sleep(0.02)
for i in range(3000, 34000): refuse(i)
for i in range(1000):
    pid = os.fork()
    if pid == 0:
        try: open('a/none')
        except OSError: pass
        os._exit(0)
    os.waitpid(pid, 0)
open('done', 'w').close()
while not os.path.exists('end'): time.sleep(0.02)
P
	rss() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status" 2>/dev/null; }
	descriptors() { awk '/^FDSize/ { print $2 }' "/proc/$1/status" 2>/dev/null; }
	refresh
	cp "$WORK/work.py" "$SCRATCH"
	(cd "$SCRATCH" && exec "$CORDON" run -q --rw "$SCRATCH" --chdir "$SCRATCH" -- /usr/bin/python3 work.py) >"$OUT" 2>"$ERR" </dev/null &
	pid=$!
	while [ ! -e "$SCRATCH/warm" ] && kill -0 $pid 2>/dev/null; do sleep 0.05; done
	monitor=$(pgrep -P $pid | head -n 1)
	early=$(rss "$monitor")
	touch "$SCRATCH/go"
	while [ ! -e "$SCRATCH/done" ] && kill -0 $pid 2>/dev/null; do sleep 0.1; done
	late=$(rss "$monitor") table=$(descriptors "$monitor") keeper=$(rss $pid)
	touch "$SCRATCH/end"
	wait $pid
	also "the run ended well" test $? = 0
	also "the monitor stays under 8 MiB: $early, then $late KiB" test "${late:-9999}" -lt 8192
	also 'and does not grow with what is asked of it' test "${late:-9999}" -lt $((early + 512))
	also "nor does what it keeps open: table of $table" test "${table:-9999}" -le 256
	also "nor the process that keeps the run: $keeper KiB" test "${keeper:-99999}" -lt 16384
else
	skip 'the monitor does not grow' 'python3 is not installed'
fi
