# What was granted is taken away while a space runs: later opens, connections, and what spaces within have of it.
. "$(dirname "$0")/lib.sh"
have python3 || { skip revoke 'no python3'; exit 0; }
GUARD=40
fixture_granted() {
	mkdir -p data other
	echo one >data/file
	echo two >other/file
	echo solo >single
}
FIXTURE=fixture_granted
cat >"$WORK/server.py" <<'P'
import socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(16)
print(s.getsockname()[1], flush=True)
kept = []
s.settimeout(60)
try:
    while True: kept.append(s.accept()[0])
except OSError: pass
P
cat >"$WORK/program.py" <<'P'
import os, socket, sys, time
base, port, go = sys.argv[1], int(sys.argv[2]), sys.argv[3]
def attempt(what, function):
    try: print(what, function(), flush=True)
    except OSError as e: print(what, "failed", flush=True)
def read(name): return open(os.path.join(base, name)).read().strip()
connection = socket.create_connection(("127.0.0.1", port))
held = open(os.path.join(base, "data/file"))
attempt("before", lambda: read("data/file"))
for _ in range(600):
    if os.path.exists(go): break
    time.sleep(0.05)
attempt("file", lambda: read("data/file"))
attempt("list", lambda: os.listdir(os.path.join(base, "data")))
attempt("single", lambda: read("single"))
attempt("other", lambda: read("other/file"))
attempt("held", lambda: held.read().strip())
attempt("connection", lambda: connection.send(b"x"))
attempt("connect", lambda: socket.create_connection(("127.0.0.1", port)))
P
/usr/bin/python3 "$WORK/server.py" >"$WORK/port" 2>/dev/null </dev/null &
server=$!
for _ in {1..100}; do [ -s "$WORK/port" ] && break; sleep 0.05; done
port=$(<"$WORK/port")
export XDG_RUNTIME_DIR=$WORK/runtime
mkdir -p "$WORK/runtime" "$WORK/go"
chmod 700 "$WORK/runtime"

revoked() { # NAME BASE OUTER... -- [INNER...]: the program sees the scratch directory at BASE
	local name=$1 base=$2 outer=() run id
	shift 2
	while [ "$1" != -- ]; do outer+=("$1"); shift; done
	shift
	refresh
	rm -f "$WORK/go/now"
	(cd "$SCRATCH" && exec timeout -k 5 $GUARD "$CORDON" run --name="r$$" --ro "$SCRATCH" --ro "$WORK/go" --ro "$WORK/program.py" \
		--allow-net="127.0.0.1:$port" "${outer[@]}" -- "$@" /usr/bin/python3 "$WORK/program.py" "$base" "$port" "$WORK/go/now") \
		>"$OUT" 2>"$ERR" </dev/null &
	run=$!
	for _ in {1..400}; do grep -q before "$OUT" 2>/dev/null && "$CORDON" ps 2>/dev/null | grep -q "r$$" && break; sleep 0.05; done
	"$CORDON" revoke "r$$" "fs.*:$SCRATCH/data/**" "fs.*:$SCRATCH/single" "net.*:127.0.0.1:$port" >"$WORK/revoke.out" 2>&1
	also "$name: revoked" [ $? = 0 ]
	touch "$WORK/go/now"
	wait $run
	also "$name: what was before, and what is left" [ "$(cat "$OUT")" = "before one
file failed
list failed
single failed
other two
held one
connection failed
connect failed" ]
	also "$name: what nobody can take back is named" grep -q "^still open: .*/data/file, as descriptor [0-9]* of process" "$WORK/revoke.out"
	also "$name: the connection is closed" grep -q '1 connections closed' "$WORK/revoke.out"
	also "$name: a denial says so" err_has 'denied fs.read .*: it has been revoked$'
}
revoked 'a space' "$SCRATCH" --
revoked 'a space within' "$SCRATCH" --allow='space.create:*' --ro "$CORDON" -- \
	"$CORDON" run -q --ro "$SCRATCH" --ro "$WORK/go" --ro "$WORK/program.py" --allow-net="127.0.0.1:$port" --
revoked 'within, under another name' /elsewhere --allow='space.create:*' --ro "$CORDON" -- \
	"$CORDON" run -q --bind "$SCRATCH:/elsewhere" --ro "$WORK/go" --ro "$WORK/program.py" --allow-net="127.0.0.1:$port" --
kill $server 2>/dev/null

# What was asked for before it was revoked, and waits: a service that takes nobody until then, a user who has not answered.
cat >"$WORK/busy.py" <<'P'
import os, socket, sys, time
tcp = socket.socket(); tcp.bind(("127.0.0.1", 0)); tcp.listen(0)
unix = socket.socket(socket.AF_UNIX); unix.bind("\0cordon-busy-%d" % os.getpid()); unix.listen(0)
full = []
for s in tcp, unix:
    for _ in range(2):
        c = socket.socket(s.family); c.setblocking(False)
        try: c.connect(s.getsockname())
        except BlockingIOError: pass
        full.append(c)
free = socket.socket(); free.bind(("127.0.0.1", 0))
place = free.getsockname()
free.close()
print(place[1], tcp.getsockname()[1], "@" + unix.getsockname()[1:].decode(), flush=True)
while not os.path.exists(sys.argv[1]): time.sleep(0.05)
end = time.monotonic() + 8
for s in tcp, unix: s.setblocking(False)
while time.monotonic() < end:
    for s in tcp, unix:
        try: full.append(s.accept()[0])
        except BlockingIOError: time.sleep(0.01)
    try: full.append(socket.create_connection(place))
    except OSError: pass
P
cat >"$WORK/waits.py" <<'P'
import socket, sys, threading
own, port, name, file = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
said = {}
def attempt(what, function):
    try: said[what] = function()
    except OSError as e: said[what] = "failed"
def connect(family, address):
    s = socket.socket(family); s.settimeout(None)
    s.connect(address)
    return "connected"
server = socket.create_server(("127.0.0.1", own))
def accept():
    server.accept()
    return "connected"
tasks = [threading.Thread(target=attempt, args=a) for a in (
    ("accept", accept),
    ("tcp", lambda: connect(socket.AF_INET, ("127.0.0.1", port))),
    ("unix", lambda: connect(socket.AF_UNIX, "\0" + name[1:])),
    ("file", lambda: open(file).read().strip()))]
for t in tasks: t.start()
print("before", flush=True)
for t in tasks: t.join()
for what in sorted(said): print(what, said[what])
P
waited() { # NAME revoked|kept [INNER...]: a space; or one within it, which is started so
	local name=$1 kind=$2 run busy own port abstract grants asks
	shift 2
	refresh
	rm -f "$WORK/go/now" "$WORK/asked" "$WORK/busy"
	/usr/bin/python3 "$WORK/busy.py" "$WORK/go/now" >"$WORK/busy" 2>/dev/null </dev/null &
	busy=$!
	for _ in {1..100}; do [ -s "$WORK/busy" ] && break; sleep 0.05; done
	read -r own port abstract <"$WORK/busy"
	grants=(--rw "$WORK" --allow-net="127.0.0.1:$port" --allow-net="unix:$abstract" --allow-listen="127.0.0.1:$own")
	asks=(--ask="fs.read:$SCRATCH/data/**" --ask-command="echo >$WORK/asked; while [ ! -e $WORK/go/now ]; do sleep 0.05; done; echo once")
	if [ $# = 0 ]; then set -- "${asks[@]}"; else set -- -- "$@" "${grants[@]}" "${asks[@]}"; fi
	(cd "$WORK" && exec timeout -k 5 $GUARD "$CORDON" run --name="r$$" --allow='space.create:*' --ro "$CORDON" "${grants[@]}" "$@" -- \
		/usr/bin/python3 "$WORK/waits.py" "$own" "$port" "$abstract" "$SCRATCH/data/file") >"$OUT" 2>"$ERR" </dev/null &
	run=$!
	for _ in {1..400}; do [ -e "$WORK/asked" ] && "$CORDON" ps 2>/dev/null | grep -q "r$$" && break; sleep 0.05; done
	sleep 0.5 # all have been decided on, and wait
	if [ "$kind" = revoked ]; then
		"$CORDON" revoke "r$$" "fs.*:$SCRATCH/data/**" "net.listen:127.0.0.1:$own" "net.*:127.0.0.1:$port" "net.*:unix:$abstract" >"$WORK/revoke.out" 2>&1
		also "$name: revoked" [ $? = 0 ]
	fi
	touch "$WORK/go/now"
	wait $run
	kill $busy 2>/dev/null
	if [ "$kind" = revoked ]; then set -- failed failed; else set -- one connected; fi
	also "$name" [ "$(cat "$OUT")" = "before
accept $2
file $1
tcp $2
unix $2" ]
}
waited 'what waits goes on' kept
waited 'what waits is revoked' revoked
waited 'what waits within is revoked' revoked "$CORDON" run -q --ro "$CORDON"
"$CORDON" revoke nowhere fs.read:/x >"$OUT" 2>"$ERR"
also 'no such space' [ $? = 1 ]
