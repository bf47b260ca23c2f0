# Running spaces: cordon ps, tree, inspect and kill, and the socket that they ask.
. "$(dirname "$0")/lib.sh"
export XDG_RUNTIME_DIR=$WORK/runtime
mkdir -p "$XDG_RUNTIME_DIR" && chmod 700 "$XDG_RUNTIME_DIR"
SOCKETS=$XDG_RUNTIME_DIR/cordon

# try NAME COMMAND...: it must succeed; its output is in $OUT, $ERR
try() {
	local name=$1
	shift
	if "$@" >"$OUT" 2>"$ERR"; then pass "$name"; else fail "$name" "status $?: $*" "$(head -n 20 "$OUT" "$ERR")"; fi
}
refused() {
	local name=$1 status=$2 text=$3 got
	shift 3
	"$@" >"$OUT" 2>"$ERR"
	got=$?
	if [ $got = "$status" ] && grep -aq -- "$text" "$ERR"; then pass "$name"; else fail "$name" "status $got: $*" "$(head -n 20 "$OUT" "$ERR")"; fi
}
cordon() { timeout -k 1 30 "$CORDON" "$@"; }
# Starts a space in the background; its keeper is $LAST. Returns when its program runs.
start() {
	rm -f "$WORK/ready"
	mkfifo "$WORK/ready"
	timeout -k 1 60 "$CORDON" run -q --fd 7 "$@" >"$WORK/run.out" 2>"$WORK/run.err" 7<>"$WORK/ready" &
	BACK=$!
	read -r -t 20 _ <"$WORK/ready"
	LAST=$(pgrep -P $BACK -x cordon | head -n 1)
	# A space that lasts no longer than some milliseconds gets no socket.
	for _ in $(seq 100); do [ -S "$SOCKETS/$LAST" ] && break; sleep 0.02; done
}
SLEEP='echo >&7; exec sleep 30'
# Without namespaces a space has no network of its own, and nothing is shown in another place.
BARE=
case $(id -u):$CORDON_WITHOUT in 0:*) ;; *userns*) BARE=1 ;; esac
json() { python3 -c 'import json,sys; d = json.load(sys.stdin); sys.exit(0 if eval(sys.argv[1]) else 1)' "$1"; }

# ---- nothing runs ----
try 'ps: nothing runs' cordon ps
also 'ps: a line of titles alone' [ "$(wc -l <"$OUT")" = 1 ]
try 'tree: nothing runs' cordon tree
also 'tree: nothing' [ ! -s "$OUT" ]
refused 'inspect: no such space' 1 'no space that runs has the name or id web; `cordon ps` lists them' cordon inspect web
refused 'kill: no such space' 1 'no space that runs has the name or id web' cordon kill web
refused 'kill: no space' 125 'which space' cordon kill
refused 'inspect: no space' 125 'which space' cordon inspect
refused 'kill: no such signal' 125 'no signal "FOO"' cordon kill --signal=FOO web

# ---- one runs ----
start --name web --allow-read=/etc/hostname --limit=memory=200M -- sh -c "$SLEEP"
also 'the directory is the user'"'"'s alone' [ "$(stat -c %a:%u "$SOCKETS")" = "700:$(id -u)" ]
also 'the socket is the user'"'"'s alone' [ "$(stat -c %a:%u "$SOCKETS/$LAST")" = "600:$(id -u)" ]
try 'ps' cordon ps
also 'ps: id, name, policy, program' out_has "^$LAST +web +base .* sh -c"
try 'ps --quiet' cordon ps --quiet
also 'ps --quiet: ids' out_is "$LAST"
try 'ps --json' cordon ps --json
also 'ps --json: as it is' json 'd["spaces"][0]["id"] == "'"$LAST"'" and d["spaces"][0]["name"] == "web" and d["spaces"][0]["processes"] >= 1 and d["spaces"][0]["memory"] > 1000' <"$OUT"
try 'tree' cordon tree
also 'tree: the space, its layer, its process' out_has 'layer 0: policy base'
also 'tree: the process' out_has 'sleep 30|sh -c'
try 'tree --json by name' cordon tree web --json
also 'tree --json: as it is' json 'd["runs"][0]["spaces"][0]["path"] == "1" and "fs.read" in d["runs"][0]["spaces"][0]["layers"][0]["interposes"] and d["runs"][0]["spaces"][0]["processes"][0]["inner"] > 1' <"$OUT"
try 'inspect' cordon inspect web
also 'inspect: what was passed on' out_has 'passed on by --fd=7'
also 'inspect: the standard streams' out_has 'standard stream 0'
also 'inspect: the limit' out_has 'limit +memory 209715200'
try 'inspect --rules --view' cordon inspect --rules --view "$LAST"
also 'inspect --rules: the rule and where it is from' out_has 'allow fs.read /etc/hostname .*--allow-read=/etc/hostname of command line'
also 'inspect --view: the mount' out_has '/usr$'
try 'inspect --json' cordon inspect --json web
also 'inspect --json: as it is' json '[h["fd"] for h in d["spaces"][0]["processes"][0]["holds"]][:3] == [0, 1, 2] and any(r["pattern"] == "/etc/hostname" for r in d["spaces"][0]["rules"]) and d["spaces"][0]["complete"]' <"$OUT"
refused 'inspect: no such space in it' 1 'no space 1.7 in' cordon inspect web/1.7
refused 'kill: no such space in it' 1 'no such space in it' cordon kill web/1.7
refused 'kill: a signal that is not passed on' 1 'not passed on' cordon kill --signal=STOP web
start2() { BEFORE=$BACK; start "$@"; }
start2 --name web -- sh -c "$SLEEP"
refused 'a name that two have' 1 "several spaces have the name web: say which by its id: .*$LAST" cordon inspect web
try 'kill --signal: by id' cordon kill --signal=TERM "$LAST"
wait $BACK
also 'kill --signal: as if sent to it' [ $? = 143 ]
try 'kill: by name, now that one has it' cordon kill --json web
also 'kill --json' json 'd == {"ended": ["web"], "failed": []}' <"$OUT"
wait $BEFORE
also 'kill: the status says it' [ $? = 137 ]
also 'its socket is gone' [ -z "$(ls "$SOCKETS")" ]

# ---- capabilities, by how they were got ----
mkdir -p "$WORK/data"
LISTEN='s = socket.socket(); s.bind(("127.0.0.1", 5000)); s.listen()'
[ -z "$BARE" ] || LISTEN=s=0
start --name held --rw "$WORK/data" -- python3 -c '
import os, socket, time
a = open("/usr/bin/env", "rb"); b = open("'"$WORK"'/data/made\x1b[1m", "w"); c = open("/tmp/own", "w+")
r, w = os.pipe(); '"$LISTEN"'
d = os.open("/usr/bin", os.O_RDONLY)
os.write(7, b"\n"); time.sleep(30)'
try 'inspect what is held' cordon inspect --json held
holds() { json "any(all(h[k].startswith(v) for k, v in $1.items()) for p in d['spaces'][0]['processes'] for h in p['holds'])" <"$OUT"; }
also 'held: a file, by the rule of a group' holds "{'object': '/usr/bin/env', 'rights': 'read', 'kind': 'file', 'how': 'opened, by /allow/', 'outside': '/usr/bin/env'}"
also 'held: a file to write, by the flag' holds "{'object': '$WORK/data/made', 'rights': 'write', 'how': 'opened, by --rw='}"
[ -n "$BARE" ] || also 'held: in a private directory, nowhere outside' json "any(h['object'] == '/tmp/own' and h['outside'] == '' and 'private' in h['how'] for p in d['spaces'][0]['processes'] for h in p['holds'])" <"$OUT"
also 'held: a pipe' holds "{'kind': 'pipe', 'how': 'made inside'}"
[ -n "$BARE" ] || also 'held: a socket of its own network' holds "{'kind': 'socket', 'object': '127.0.0.1:5000', 'how': 'in the space'}"
also 'held: a directory' holds "{'kind': 'directory', 'object': '/usr/bin', 'rights': 'read'}"
try 'inspect: names are spelt out' cordon inspect held
also 'no escape sequence comes out' [ -z "$(grep -a "$(printf '\033')" "$OUT")" ]
cordon kill held
wait $BACK

# ---- of no use to anybody else ----
start --name open -- sh -c "$SLEEP"
HELD=$(ls "/proc/$LAST/fd" | wc -l)
# Slow and hostile clients of the same user hold up neither the keeper nor others.
cat >"$WORK/hostile.py" <<'END'
import os, socket, sys, time
path, mode = sys.argv[1:]
clients = []
for i in range(64):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(2)
    try:
        s.connect(path)
        if mode == "half": s.send(b"cordon 1 sh")
        if mode == "deaf": s.send(b"cordon 1 show\n")
        if mode == "noise": s.send(os.urandom(8192))
        if mode == "long": s.send(b"x" * 65536)
        if mode == "fields": s.send(b"cordon 1 kill" + b"\t" * 2000 + b"\n")
    except OSError: pass
    clients.append(s)
print("there", flush=True)
time.sleep(4)
END
for mode in silent half deaf noise long fields; do
	python3 "$WORK/hostile.py" "$SOCKETS/$LAST" $mode >"$WORK/hostile.out" 2>&1 &
	hostile=$!
	for _ in $(seq 100); do [ -s "$WORK/hostile.out" ] && break; sleep 0.05; done
	try "beside $mode clients" cordon inspect open
	kill $hostile 2>/dev/null
	wait $hostile 2>/dev/null
done
also 'the keeper holds none of them for long' sh -c "sleep 7; [ \"\$(ls /proc/$LAST/fd | wc -l)\" -le $HELD ]"
if [ "$(id -u)" = 0 ]; then
	chmod 755 "$XDG_RUNTIME_DIR"
	refused 'another user' 1 'no space' setpriv --reuid=1 --regid=1 --clear-groups env XDG_RUNTIME_DIR="$XDG_RUNTIME_DIR" "$CORDON" inspect open
	chmod 700 "$XDG_RUNTIME_DIR"
fi
cat >"$WORK/ask.py" <<'END'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(3)
try:
    s.connect(sys.argv[1]); s.send(b"cordon 1 kill\t1\n"); answer = s.recv(100)
except OSError as e: answer = b""
print("got", len(answer))
END
# In a space it is not there, even where all around it is granted.
inside 'the directory is not to be seen' 0 --rw "$XDG_RUNTIME_DIR" -- sh -c "ls -A $SOCKETS 2>/dev/null | wc -l"
also 'nothing in it' out_is 0
if [ -z "$BARE" ]; then
	inside 'nor under another name' 0 --bind "$XDG_RUNTIME_DIR:/data" -- sh -c 'ls -A /data/cordon 2>/dev/null | wc -l'
	also 'nothing in it, either' out_is 0
fi
inside 'it cannot be asked' 0 --rw "$XDG_RUNTIME_DIR" --allow-read="$WORK" --allow-net="unix:$SOCKETS/$LAST" -- python3 "$WORK/ask.py" "$SOCKETS/$LAST"
also 'no answer' out_is 'got 0'
inside 'nor moved away' 0 --rw "$WORK" -- sh -c "mv $SOCKETS $SOCKETS.moved 2>/dev/null; mv $XDG_RUNTIME_DIR $XDG_RUNTIME_DIR.moved 2>/dev/null; :"
also 'it is where it was' [ -S "$SOCKETS/$LAST" ]
# A socket that is granted by name is answered to no process of a space.
inside 'granted by name, it does not answer' 0 --rw "$SOCKETS/$LAST" --allow-read="$WORK/ask.py" --allow-net="unix:$SOCKETS/$LAST" -- python3 "$WORK/ask.py" "$SOCKETS/$LAST"
also 'no answer to a space' out_is 'got 0'
inside 'no descriptor of it' 0 -- sh -c 'ls -l /proc/self/fd | grep -c socket:; :'
also 'no socket' out_is 0
try 'it still runs' cordon inspect open

# ---- spaces within ----
cordon kill open
wait $BACK
inner() { printf '%s run -q --name %s %s --ro %s -- ' "$CORDON" "$1" "--allow='space.create:*'" "$CORDON"; }
start --name outer --allow='space.create:*' --ro "$CORDON" -- sh -c "$(inner mid) sh -c '$CORDON run -q --name=deep -- sleep 31 & sleep 32' & sleep 1; echo >&7; sleep 33"
if [ -s "$WORK/run.err" ]; then
	skip 'spaces within' "none are made here: $(head -n 1 "$WORK/run.err")"
else
	try 'tree: spaces within' cordon tree outer
	also 'tree: one in the other' out_has '^   └─ space 1\.1  ?mid \(running\)'
	also 'tree: and one in that' out_has '^      └─ space 1\.1\.1  ?deep \(running\)'
	also 'tree: with their processes' out_has '^         └─ [0-9]+ sleep 31'
	try 'inspect: a space within' cordon inspect --json outer/1.1.1
	also 'inspect: what it is' json 'd["spaces"][0]["path"] == "1.1.1" and any(p["command"] == "sleep 31" for p in d["spaces"][0]["processes"])' <"$OUT"
	try 'kill: a space within' cordon kill outer/1.1
	sleep 0.3
	try 'tree: afterwards' cordon tree outer
	also 'it is gone, and what was in it' sh -c '! grep -qE "space 1\.1|─ [0-9]+ sleep 3[12]" "$0"' "$OUT"
	also 'what was around it is not' out_has 'sleep 33'
	refused 'kill: once more' 1 'no such space in it' cordon kill outer/1.1
	refused 'kill: no signal goes there' 1 'only the program of an outermost' cordon kill --signal=TERM outer/1.1
fi
cordon kill outer
wait $BACK
start --name open -- sh -c "$SLEEP"

# ---- a layer that is no policy ----
if "$CORDON" tally --help 2>&1 | grep -q "^usage: cordon tally"; then
	cordon kill open
	wait $BACK
	rm -f "$WORK/ready"
	mkfifo "$WORK/ready"
	# A nester passes no descriptor on for us: the standard stream says when the program runs.
	timeout -k 1 60 "$CORDON" tally --ration net.connect=1000/60 --name counted -- sh -c 'echo; exec sleep 30' >"$WORK/ready" 2>"$WORK/run.err" &
	BACK=$!
	read -r -t 20 _ <"$WORK/ready"
	for _ in $(seq 100); do "$CORDON" tree counted >"$OUT" 2>"$ERR" && break; sleep 0.05; done
	also 'tree: a nester, and what it interposes on' out_has 'layer 1: nester, on net\.connect'
	cordon kill counted
	wait $BACK
	start --name open -- sh -c "$SLEEP"
else
	skip 'a nester' 'there is none beside this cordon'
fi

# ---- what is left behind ----
kill -KILL "$LAST"
wait $BACK 2>/dev/null
for _ in $(seq 100); do [ -d "/proc/$LAST" ] || break; sleep 0.05; done
also 'a keeper that was killed leaves its socket' [ -S "$SOCKETS/$LAST" ]
try 'ps removes it' cordon ps --quiet
also 'ps does not list it' [ ! -s "$OUT" ]
also 'it is gone' [ ! -e "$SOCKETS/$LAST" ]

# ---- where no directory can be had ----
rm -rf "$SOCKETS"
mkdir "$WORK/elsewhere"
ln -s "$WORK/elsewhere" "$SOCKETS"
inside 'a link instead of the directory' 0 -v -- true
also 'nothing is made behind it' [ -z "$(ls "$WORK/elsewhere")" ]
rm "$SOCKETS"
mkdir -m 755 "$SOCKETS"
inside 'a directory that others may read' 0 -- true
also 'nothing is made in it' [ -z "$(ls "$SOCKETS")" ]
rm -rf "$SOCKETS"
inside 'XDG_RUNTIME_DIR that is none' 0 -- true
