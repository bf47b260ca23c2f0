# What a run says of denials: the summary, -v, -q, --json, --log.
. "$(dirname "$0")/lib.sh"
FIXTURE=fixture_tree
# Not under /tmp: that is the space's own, and what is in another's /tmp does not exist there.
outside=$(mktemp -d /var/tmp/cordon-tests.XXXXXX)
trap 'rm -rf "$outside"' EXIT
secret=$outside/secret
printf 'the secret\n' >"$secret"

denied() { # denied FLAG... -- COMMAND
	refresh
	(cd "$SCRATCH" && exec timeout -k 10 $GUARD "$CORDON" run "$@") >"$OUT" 2>"$ERR" </dev/null
	echo $? >"$WORK/status"
}

denied -- cat "$secret"
also 'it is denied' test "$(cat "$WORK/status")" = 1
also 'nothing came out' test ! -s "$OUT"
also 'the summary names operation and object' err_has "^cordon: denied fs\.read $secret"
also 'it names the rule that is missing' err_has 'no rule of policy "base"'
also 'it names the flag' err_has "to allow it: --allow-read=$secret"
also 'and the line of a policy' err_has '"fs.read"'
flag=$(sed -nE 's/.*to allow it: (--allow-read=[^ ]*).*/\1/p' "$ERR" | head -n 1)
denied "$flag" -- cat "$secret"
also 'the flag that was advised helps' out_is 'the secret'
also 'and then nothing is said' test ! -s "$ERR"

denied -- sh -c "cat $secret; cat $secret; cat $secret" 2>/dev/null
also 'several of a kind are counted' err_has "denied fs\.read $secret \([0-9]+ times\)"
also 'on one line' test "$(grep -c "denied fs.read $secret" "$ERR")" = 1
denied --allow-read="$outside" --deny-read="$secret" -- cat "$secret"
also 'a rule that denies is named' err_has 'denied by rule .*deny'
also 'and no flag is advised, since none would help' test "$(grep -c 'to allow it' "$ERR")" = 0

denied -q -- cat "$secret"
also '-q says nothing' test "$(grep -c '^cordon' "$ERR")" = 0
denied -v -- sh -c "cat $secret; echo after >&2"
# It may come in the middle of a line of the program's: they write to the same place.
also '-v says it' err_has "cordon: denied fs\.read $secret"
also '-v says it once' test "$(grep -c "denied fs.read $secret" "$ERR")" = 1
denied -v -- sh -c "cat $secret; sleep 0.5; echo after >&2"
also '-v says it as it happens' test "$(grep -n "denied fs.read $secret" "$ERR" | head -n 1 | cut -d: -f1)" -lt "$(grep -n '^after' "$ERR" | cut -d: -f1)"

json() { /usr/bin/python3 -c 'import json, sys
lines = [l for l in open(sys.argv[1], "rb") if l.startswith(b"{")]
assert len(lines) == 1, "lines: %d" % len(lines)
d = json.loads(lines[0]); '"$1" "$ERR" "${@:2}" 2>&1; }
if [ -x /usr/bin/python3 ]; then
	denied --json -- sh -c "cat $secret; exit 5"
	also '--json: one object, the status' json 'assert d["status"] == 5, d'
	also '--json: the denial' json 'x = [e for e in d["denials"] if e["object"] == sys.argv[2]]; assert len(x) == 1 and x[0]["op"] == "fs.read" and x[0]["count"] >= 1 and x[0]["flag"] == "--allow-read=" + sys.argv[2], d' "$secret"
	also '--json: counts' json 'assert d["messages"] > d["denied"] > 0 and d["lost"] == 0, d'
	denied --json -- true
	also '--json: none' json 'assert d["denials"] == [] and d["status"] == 0, d'
	denied --json -- nosuchprogram
	also '--json: a program that is missing' test "$(cat "$WORK/status")" = 127
	bad=$(printf 'x\033[31m"\\\001\377y')
	denied --json -- cat "$outside/$bad"
	also '--json: a name with everything in it' json 'assert d["status"] == 1, d'
	# On a terminal such a name must not act.
	touch "$outside/$bad"
	denied -- cat "$outside/$bad"
	also 'names are shown harmlessly' bash -c "! grep '^cordon' '$ERR' | LC_ALL=C grep -qP '[\\x00-\\x08\\x0b-\\x1f]'"
	also 'and shown at all' err_has "^cordon: denied"

	# What looks alike in some respect is not taken for the same.
	denied -- /usr/bin/python3 -c '
import socket
def connect(family, kind, address):
	try: socket.socket(family, kind).connect((address, 80))
	except OSError: pass
connect(socket.AF_INET6, socket.SOCK_STREAM, "102:304::")
connect(socket.AF_INET, socket.SOCK_STREAM, "1.2.3.4")
connect(socket.AF_INET, socket.SOCK_DGRAM, "1.2.3.4")'
	also 'an address is not taken for one of another family' err_has '^cordon: denied net.connect 1\.2\.3\.4:80: '
	also 'nor for one by another protocol' err_has '^cordon: denied net.connect udp://1\.2\.3\.4:80: '

	rm -f "$WORK/log"
	denied --log "$WORK/log" -- cat "$secret"
	log() { /usr/bin/python3 -c 'import json, sys
r = [json.loads(l) for l in open(sys.argv[1])]; '"$1" "$WORK/log" "${@:2}" 2>&1; }
	also '--log: lines of JSON, the denial among them' log 'x = [e for e in r if e.get("v") == "deny" and e["x"] == sys.argv[2]]; assert x and x[0]["o"] == "fs.read" and x[0]["k"] == "op" and x[0]["c"].startswith("open"), r' "$secret"
	also '--log: only what was denied' log 'assert all(e["v"] != "allow" for e in r if e["k"] == "op"), r'
	also '--log: not readable by others' test "$(stat -c %a "$WORK/log")" = 600
	n=$(wc -l <"$WORK/log")
	denied --log "$WORK/log" --audit=all -- cat a/one
	also '--log: appended, and all of it with --audit=all' test "$(wc -l <"$WORK/log")" -gt $((n + 5))
	also '--log: what was allowed is there' log 'assert any(e["v"] == "allow" for e in r if e["k"] == "op"), r'
else
	skip json 'python3 is not installed'
fi

# A space cannot reach the log that it is recorded in.
rm -f "$WORK/log2"
denied --log "$WORK/log2" -- sh -c "echo x >>$WORK/log2; for f in /proc/self/fd/*; do echo y >>\$f; done; ls -l /proc/self/fd"
also '--log: out of reach' test "$(grep -cvE '^\{.*\}$' "$WORK/log2")" = 0

# The program's absence of files is not a denial.
denied -- sh -c 'cat /tmp/nowhere; cat /no/such/file; exit 0'
also 'what exists nowhere was not denied' test "$(grep -c '^cordon' "$ERR")" = 0
# A flood of denials stays bounded.
denied -- sh -c 'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); true >/usr/flood-$i; done; exit 0' 2>/dev/null
also 'a flood of denials is short' test "$(wc -l <"$ERR")" -lt 6800
also 'and says that there were more' err_has 'further objects|denied fs.create /usr/flood-3000'
