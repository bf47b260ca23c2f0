# Records: what is in a log, that it holds, and that nobody can change it unseen.
. "$(dirname "$0")/lib.sh"
FIXTURE=fixture_tree
LOG=$WORK/log

logged() { # logged FLAG... -- COMMAND
	rm -f "$LOG"
	more "$@"
}
more() {
	refresh
	(cd "$SCRATCH" && exec timeout -k 10 $GUARD "$CORDON" run -q --log "$LOG" --rw "$SCRATCH" --chdir "$SCRATCH" "$@") \
		>"$OUT" 2>"$ERR" </dev/null
}
verify() { timeout -k 10 $GUARD "$CORDON" audit verify "$@" >"$OUT" 2>"$ERR"; }
is_good() { verify "$LOG"; }
is_bad() { # is_bad LINE: the first bad one is said to be that
	verify "$LOG"
	[ $? = 1 ] && out_has "^$LOG:$1: "
}
reads() { /usr/bin/python3 -c 'import json, sys
r = [json.loads(l) for l in open(sys.argv[1])]
o = [e for e in r if e["k"] == "op"]
'"$1" "$LOG" "${@:2}" 2>&1; }

if [ ! -x /usr/bin/python3 ]; then
	skip records 'python3 is not installed'
	exit
fi

# ---- what is in it ----
logged --audit=all --bind "$SCRATCH/a:/data" -- sh -c 'cat /data/one; echo x >/tmp/new; mv a/two a/three; cat nothere; /bin/true' 
also 'head first, tail last' reads 'assert r[0]["k"] == "head" and r[-1]["k"] == "tail" and r[0]["v"] == 1, r'
also 'the head says who, when and under what' reads 'h = r[0]
import os, time
assert h["argv"][0] == "sh" and h["audit"] == "all" and h["space"] == "1" and abs(h["time"] - time.time()) < 100, h
assert len(h["policy"][0]["hash"]) == 64 and h["policy"][0]["layer"] == 0 and h["uid"] == os.getuid() and h["prev"] is None, h'
also 'an object as the space sees it, and as it is outside' reads 'x = [e for e in o if e["x"] == "/data/one" and e["o"] == "fs.read"]; assert x and x[0]["y"] == sys.argv[2] + "/a/one", x' "$SCRATCH"
also 'what is nowhere outside' reads 'x = [e for e in o if e["x"] == "/tmp/new"]; assert x and x[0]["y"] is None and "fs.create" in x[0]["o"], x'
also 'what is in its own place' reads 'x = [e for e in o if e["x"].endswith("/a/three")]; assert x and "y" not in x[0], x'
also 'results, and how long it took' reads 'assert any(e.get("e", 0) >= 3 and e["d"] >= 0 for e in o if e["c"] == "openat"), o'
also 'what was not there' reads 'x = [e for e in o if e["x"].endswith("/nothere")]; assert x and x[0]["a"] == "absent" and x[-1].get("e") == -2, x'
also 'programs by number' reads 'p = {e["i"]: e["x"] for e in r if e["k"] == "prog"}; assert any(p.get(e.get("p"), "").endswith("/cat") for e in o if e["x"] == "/data/one"), p'
also 'rules by number' reads 'u = {e["i"]: e for e in r if e["k"] == "rule"}
assert all(e["r"] in u for e in o if "r" in e) and any(u[e["r"]]["f"] == "command line" for e in o if "r" in e), u'
also 'messages in order, each with its time' reads 'assert all(a["m"] <= b["m"] and a["t"] <= b["t"] for a, b in zip(o, o[1:])), o'
also 'totals' reads 't = r[-1]; assert t["records"] == len(o) and t["complete"] is True and t["status"] == 0 and t["lost"] == 0 and t["left_out"] == 0 and t["messages"] >= o[-1]["m"], t'
also 'short: at most 250 bytes a record' test $(($(stat -c %s "$LOG") / $(grep -c '^{"k":"op"' "$LOG"))) -le 250
also 'as it was written' is_good

logged -- sh -c 'cat /root/.profile /etc/shadow; exit 3'
also 'what was denied, alone' reads 'assert o and all(e["v"] == "deny" for e in o) and r[-1]["status"] == 3 and r[-1]["denied"] >= 0, r'
also 'without a rule' reads 'assert all("r" not in e for e in o), o'
logged --deny-read="$SCRATCH/a/one" -- cat a/one
also 'the rule that denied' reads 'x = [e for e in o if e["x"].endswith("/a/one")][0]; u = [e for e in r if e["k"] == "rule" and e["i"] == x["r"]][0]; assert u["v"] == "deny" and u["p"].startswith("--deny-read"), u'
printf '{"version": 1, "name": "mine", "extends": ["base"], "deny": {"fs.read": ["%s/a/one"]}}' "$SCRATCH" >"$WORK/mine.json"
logged -p "$WORK/mine.json" -- cat a/one
also 'the policy and its file' reads 'import hashlib
p = r[0]["policy"][0]; d = hashlib.blake2b(open(sys.argv[2], "rb").read(), digest_size=32).hexdigest()
assert p["name"] == "mine" and any(f["file"] == sys.argv[2] and f["hash"] == d for f in p["files"]), p' "$WORK/mine.json"
(cd "$SCRATCH" && exec "$CORDON" run --rw "$SCRATCH" --chdir "$SCRATCH" -p "$WORK/mine.json" --print-policy -- cat a/one) >"$WORK/printed"
also 'its hash is that of what --print-policy prints' reads 'import hashlib
assert r[0]["policy"][0]["hash"] == hashlib.blake2b(open(sys.argv[2], "rb").read(), digest_size=32).hexdigest(), r[0]' "$WORK/printed"

odd=$(printf 'x\377\033"\n{"k":"op"}')
logged --audit=all -- sh -c 'cat "$1"; :' sh "$odd"
also 'a name makes no line of its own' reads 'assert not any(e == {"k": "op"} for e in r), r'
also 'and can be told from its record' reads 'import os
x = [e for e in o if e.get("b")]; assert x and x[0]["x"].encode("latin-1").endswith(os.fsencode(sys.argv[2])), x' "$odd"
also 'and is harmless on a terminal' bash -c "! LC_ALL=C grep -qaP '[\\x00-\\x08\\x0b-\\x1f\\x7f-\\xff]' '$LOG'"

# ---- the chain ----
chain='import hashlib
def chained(path):
	last = b"0" * 32
	for line in open(path, "rb"):
		body, h = line[:-41], line[-35:-3]
		assert line[-41:-35] == b",\"h\":\"" and line.endswith(b"\"}\n"), line
		assert hashlib.blake2b(last + body, digest_size=16).hexdigest().encode() == h, line
		last = h
chained(sys.argv[1])'
logged --audit=all -- ls a
also 'as docs/audit.md says' reads "$chain"
more --audit=all -- ls a
more -- cat /root/x
also 'over several runs' reads "$chain"
also 'each begins where the one before ended' reads 'h = [i for i, e in enumerate(r) if e["k"] == "head"]; assert len(h) == 3 and all(r[i]["prev"] == r[i - 1]["h"] for i in h[1:]), h'
verify "$LOG"
also 'verify says how many' out_has ': as written: 3 runs, [0-9]+ records; its last hash is [0-9a-f]{32}$'
last=$(tail -c 35 "$LOG" | head -c 32)
also 'the last hash is the one it says' out_has "$last"
also '--head: it is there' verify --head="$last" "$LOG"
verify --head=00000000000000000000000000000000 "$LOG"
also '--head: it is not' test $? = 1
verify --json "$LOG"
also '--json' /usr/bin/python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); assert d["ok"] is True and d["runs"] == 3' "$OUT"
cp "$LOG" "$WORK/whole"
lines=$(wc -l <"$LOG")
damage() { # damage NAME LINE SED
	sed "$3" "$WORK/whole" >"$LOG"
	also "$1" is_bad "$2"
}
op=$(grep -n '^{"k":"op"' "$LOG" | sed -n '3s/:.*//p')
damage 'a change' "$op" "$op"'s/"s":"1"/"s":"2"/'
damage 'a line that is gone' 9 '9d'
damage 'the first line that is gone' 1 '1d'
damage 'the last line that is gone' $((lines - 1)) '$d'
damage 'lines that changed places' 9 '9{h;d};10G'
damage 'a line that was put in' 10 '9p'
damage 'a line of another sort' 9 '9s/.*/{"k":"op"}/'
damage 'the first run that is gone' 1 "1,$(grep -n '"k":"tail"' "$WORK/whole" | head -n 1 | cut -d: -f1)d"
head -c -20 "$WORK/whole" >"$LOG"
also 'cut in the middle of a line' is_bad "$lines"
: >"$LOG"
also 'an empty file' is_bad 1
printf 'what is this\n' >"$LOG"
also 'another file' is_bad 1
head -c 3000 /dev/urandom >"$LOG"
verify "$LOG"
also 'rubbish' test $? = 1
verify /no/such/log
also 'a file that is not there' test $? = 125
# A new run is whole, whatever stands before it.
head -c -20 "$WORK/whole" >"$LOG"
more -- true
also 'after a broken line' is_bad "$lines"
tail -n 2 "$LOG" >"$WORK/two"
also 'the new run is whole' grep -q '^{"k":"head"' "$WORK/two"

# ---- whatever happens ----
logged --audit=all --limit=wall_seconds=1 -- sh -c 'while :; do [ -e /usr ]; done'
also 'a run that was ended has its tail' reads 'assert r[-1]["k"] == "tail" and r[-1]["status"] == 137, r[-1]'
also 'and is whole' is_good
rm -f "$LOG"
(cd "$SCRATCH" && exec "$CORDON" run -q --audit=all --log "$LOG" -- sh -c 'while :; do [ -e /usr ]; done') >/dev/null 2>&1 </dev/null &
pid=$!
for _ in $(seq 50); do [ "$(stat -c %s "$LOG" 2>/dev/null || echo 0)" -gt 20000 ] && break; sleep 0.1; done
"$CORDON" run -q --log "$LOG" -- true >"$OUT" 2>"$ERR"
also 'no two runs write to one log' err_has 'another run is writing to it'
kill -KILL $pid
wait $pid 2>/dev/null
sleep 0.3
verify "$LOG"
also 'a run whose keeper was killed has no tail' out_has 'the run.s last line is missing|cut off in the middle'
more -- true
verify "$LOG"
also 'that stays so when others follow' out_has 'the run before it has no last line|it was cut off'
also 'and the zeros are gone' bash -c "! LC_ALL=C grep -qaP '\\x00' '$LOG'"
# Somebody cuts the file off under the monitor: the space goes on, and it is known what is missing.
rm -f "$LOG"
(cd "$SCRATCH" && exec timeout -k 5 60 "$CORDON" run --audit=all --log "$LOG" -- sh -c 'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); [ -e /usr/bin ]; done; echo went on') >"$OUT" 2>"$ERR" </dev/null &
pid=$!
for _ in $(seq 50); do [ "$(stat -c %s "$LOG" 2>/dev/null || echo 0)" -gt 20000 ] && break; sleep 0.05; done
: >"$LOG"
wait $pid
also 'a log that is cut off holds nobody up' out_is 'went on'
verify "$LOG"
also 'and it shows' test $? = 1
# Messages of many processes, some of which block.
logged --audit=all -- sh -c 'for i in 1 2 3 4 5 6 7 8; do (mkfifo f$i; cat a/one a/two >/dev/null; cat f$i >/dev/null & echo x >f$i; wait) & done; wait'
also 'many at once, some of which block' is_good
also 'none is lost' reads 'assert r[-1]["lost"] == 0 and r[-1]["left_out"] == 0, r[-1]'

logged --allow-net=example.org:443 -- /usr/bin/python3 -c 'import socket
try: socket.getaddrinfo("other.example.net", 80)
except OSError: pass'
also 'a name that the resolver refused' reads 'x = [e for e in o if e["c"] == "lookup"]; assert [e["x"] for e in x] == ["other.example.net"] and x[0]["o"] == "net.connect" and x[0]["v"] == "deny", o'
also 'and the totals have it' reads 'assert r[-1]["records"] == len(o), r[-1]'

# What is asked about is decided in processes of their own.
mkdir -p "$HOME/asked"
echo a >"$HOME/asked/a"
logged --audit=all --ask="fs.read:$HOME/asked/**" --ask-command='echo once' -- sh -c 'for i in 1 2 3 4 5 6; do cat '"$HOME"'/asked/a & done; wait'
also 'what was granted when asked' test "$(grep -c '^a$' "$OUT")" = 6
also 'is recorded, each' reads 'x = [e for e in o if e["x"].endswith("/asked/a") and e["o"] == "fs.read"]; assert len(x) == 6 and all(e["v"] == "allow" for e in x) and r[-1]["lost"] == 0, x'
also 'with its program' reads 'p = {}
for e in r:
	if e["k"] == "prog": p[e["i"]] = e["x"]
	elif e["k"] == "op" and e["x"].endswith("/asked/a"): assert p[e["p"]].endswith("/cat"), e'
also 'and the log is whole' is_good
logged --ask="fs.read:$HOME/asked/**" --ask-command='echo deny' -- cat "$HOME/asked/a"
also 'what was not is recorded as such' reads 'x = [e for e in o if e["x"].endswith("/asked/a")]; assert x and x[0]["v"] == "ask", o'

# ---- internal calls ----
logged --audit=syscalls -- sh -c 'cat a/one | wc -l; (exit 3); echo $?'
also 'syscalls: the program notices nothing' out_is $'3\n3'
also 'syscalls: whole' is_good
also 'syscalls: internal calls with their arguments' reads 'c = [e for e in r if e["k"] == "call"]
assert any(e["c"] == "read" and len(e["a"].split(",")) == 3 for e in c) and any(e["c"] == "getpid" and e["a"] == "" for e in c) or any(e["c"] == "mmap" and len(e["a"].split(",")) == 6 for e in c), c'
also 'syscalls: border operations beside them' reads 'assert any(e["x"].endswith("/a/one") and e["o"] == "fs.read" for e in o), o'
also 'syscalls: all are counted' reads 'assert r[-1]["records"] == len([e for e in r if e["k"] in ("op", "call")]), r[-1]'
logged --audit=syscalls -- sh -c 'cat /root/.profile'
also 'syscalls: what is denied is denied' reads 'assert any(e["v"] == "deny" or e.get("a") == "absent" for e in o), o'
# Signals come at every moment: no call that cannot be interrupted is.
logged --audit=syscalls --limit=log_size=64M -- /usr/bin/python3 -c '
import signal, os, time
n = 0
def tick(*a):
	global n
	n += 1
signal.signal(signal.SIGALRM, tick)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
end = time.time() + 1.5
while time.time() < end:
	p = os.fork()
	if p == 0: os._exit(7)
	assert os.waitstatus_to_exitcode(os.waitpid(p, 0)[1]) == 7
	open("a/one").read()
print("ticked" if n > 50 else n)'
also 'syscalls: signals at every moment' out_is ticked
also 'syscalls: and yet whole' is_good
logged --audit=syscalls --limit=log_size=64M -- /usr/bin/python3 -c '
import threading
def work():
	for i in range(300): open("a/one").read()
ts = [threading.Thread(target=work) for i in range(6)]
for t in ts: t.start()
for t in ts: t.join()
print("done")'
also 'syscalls: threads' out_is done
also 'syscalls: each by its own number' reads 'assert len({e.get("tid", e["pid"]) for e in r if "pid" in e and "tid" in e}) >= 6, "tids"'

# ---- a space within another one ----
mkdir -p "$WORK/bin"
logged --allow=space.create:'*' --allow-run="$T_ROOT/bin" --allow-read="$T_ROOT/bin" -- "$CORDON" run -q --audit=all --log inner.log --deny-read="$SCRATCH/a/one" -- cat /etc/passwd a/one
if [ -s "$SCRATCH/inner.log" ]; then
	cp "$SCRATCH/inner.log" "$LOG"
	also 'within another: whole' is_good
	also 'within another: its space, and the layers of both' reads 'h = r[0]; assert h["space"].startswith("1.") and [p["space"] for p in h["policy"]] == [h["space"], "1"], h'
	also 'within another: who denied' reads 'x = [e for e in o if e["x"].endswith("/a/one")]; assert x and x[0]["v"] == "deny" and x[0]["s"] == r[0]["space"] and "ls" not in x[0], x'
	also 'within another: which layer allowed last' reads 'u = {e["i"]: e for e in r if e["k"] == "rule"}; x = [e for e in o if e["x"].startswith("/usr/lib") and e["v"] == "allow" and "r" in e]; assert x and x[0]["ls"] == "1" and u[x[0]["r"]]["f"] == "group:base", x'
else
	fail 'within another' "$(cat "$OUT" "$ERR")"
fi
