# cordon learn: what is learned from a run lets that run pass again, and nothing that it did not need.
. "$(dirname "$0")/lib.sh"
GUARD=60
# Where it keeps what it needs for as long as it runs.
export TMPDIR=$WORK/tmp
mkdir -p "$TMPDIR"
secret=$HOME/.ssh/id_test
mkdir -p "$HOME/.ssh" "$HOME/notes"
echo key >"$secret"
echo private >"$HOME/notes/diary"

in_scratch() { (cd "$SCRATCH" && exec timeout -k 10 $GUARD "$@") >"$OUT" 2>"$ERR" </dev/null; }
# learned NAME [FLAG...] -- COMMAND...: learns, checks, runs under it, and sees an unrelated read denied.
# Where $AGAIN is set, it is run before the second run.
learned() {
	local name=$1 flags=() before after
	shift
	while [ "$1" != -- ]; do flags+=("$1"); shift; done
	shift
	rm -f "$WORK/p.json" "$WORK/p.why.md"
	before=$(describe_tree)
	in_scratch "$CORDON" learn "${flags[@]}" -o "$WORK/p.json" -- "$@"
	status=$?
	also "$name: learned" test $status = 0
	also "$name: while nothing outside changed" test "$before" = "$(describe_tree)"
	also "$name: the policy is one" "$CORDON" policy check "$WORK/p.json" >/dev/null
	also "$name: and is explained" grep -q '^# Why this policy' "$WORK/p.why.md"
	also "$name: nothing of the home as a whole" bash -c "! grep -E '\"(\\$\{HOME\}|/home|/root|/)?/?\*\*?\"' '$WORK/p.json'"
	[ -z "${AGAIN:-}" ] || (cd "$SCRATCH" && eval "$AGAIN")
	in_scratch "$CORDON" run "${RUN_FLAGS[@]}" -p "$WORK/p.json" -- "$@"
	status=$?
	also "$name: passes under it" test $status = 0
	cp "$OUT" "$WORK/passed"
	in_scratch "$CORDON" run -p "$WORK/p.json" -- cat "$HOME/notes/diary"
	also "$name: an unrelated read is denied, with advice" err_has "denied fs.read $HOME/notes/diary: no rule .*$"
	also "$name: that would help" err_has "to allow it: --allow-read=$HOME/notes/diary"
}
AGAIN='' RUN_FLAGS=()

# ---- git ----
fixture_git() {
	git init -q . && git config user.name t && git config user.email t@example.org && echo one >one &&
		git add one && git commit -qm one && echo two >>one
}
FIXTURE=fixture_git
refresh
learned git -- git commit -qam two
also 'git: it did what it should' test "$(git -C "$SCRATCH" log --oneline | wc -l)" = 2
also 'git: objects by digest, lock files by name' bash -c "grep -qF '\"\${CWD}/.git/objects/*/**\"' '$WORK/p.json' && grep -qF '.git/index.lock' '$WORK/p.json'"
(cd "$SCRATCH" && echo three >>one)
in_scratch "$CORDON" run -p "$WORK/p.json" -- git commit -qam three
also 'git: and once more, with other objects' test "$(git -C "$SCRATCH" log --oneline | wc -l)" = 3
in_scratch "$CORDON" run -p "$WORK/p.json" -- sh -c 'echo evil >.git/hooks/pre-commit'
also 'git: no hook' test ! -e "$SCRATCH/.git/hooks/pre-commit"

# ---- python, with a package ----
fixture_python() {
	mkdir -p site/greet
	echo 'from .words import WORDS' >site/greet/__init__.py
	echo 'WORDS = ["hello", "world"]' >site/greet/words.py
	cat >main.py <<'PY'
import sys, tempfile
sys.path.insert(0, "site")
import greet, json
with tempfile.NamedTemporaryFile("w", dir=".", suffix=".txt") as t:
    t.write("x")
json.dump(greet.WORDS, open("out.json", "w"))
print(" ".join(greet.WORDS))
PY
}
FIXTURE=fixture_python
refresh
learned python -- /usr/bin/python3 main.py
also 'python: it did what it should' test "$(cat "$WORK/passed")" = 'hello world' -a -s "$SCRATCH/out.json"
also 'python: temporary names' grep -qF '"${CWD}/tmp*.txt"' "$WORK/p.json"

# ---- gcc ----
fixture_gcc() {
	mkdir inc
	for i in 1 2 3 4 5 6 7 8 9 10; do echo "#define N$i $i" >inc/n$i.h; done
	{ for i in 1 2 3 4 5 6 7 8 9 10; do echo "#include \"n$i.h\""; done; echo '#include <stdio.h>'; echo 'int main(void) { printf("%d\n", N1 + N10); return 0; }'; } >main.c
	: >unused.h
}
FIXTURE=fixture_gcc
refresh
learned gcc -- gcc -Iinc main.c -o main
also 'gcc: it did what it should' test "$("$SCRATCH/main")" = 11
also 'gcc: many headers of a directory make it one' grep -qF '"${CWD}/inc/*"' "$WORK/p.json"
also 'gcc: and why' grep -q 'inc/\*. | 1[0-9] | more than a few names' "$WORK/p.why.md"
also 'gcc: nothing else of the directory' bash -c "! grep -qE 'unused|\"\\$\{CWD\}/\*' '$WORK/p.json'"
in_scratch "$CORDON" learn --force --threshold=100 -o "$WORK/p.json" -- gcc -Iinc main.c -o main
also 'gcc: with a higher threshold, each' bash -c "! grep -qF 'inc/*' '$WORK/p.json' && grep -qF 'inc/n7.h' '$WORK/p.json'"

# ---- curl, against a server of our own ----
FIXTURE=fixture_none
if have curl; then
	refresh
	echo served >"$SCRATCH/page"
	port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	(cd "$SCRATCH" && exec /usr/bin/python3 -m http.server -b 127.0.0.1 "$port") >/dev/null 2>&1 </dev/null &
	server=$!
	trap 'kill $server 2>/dev/null' EXIT
	for _ in $(seq 50); do curl -s "http://127.0.0.1:$port/page" >/dev/null && break; sleep 0.1; done
	in_scratch "$CORDON" learn -o "$WORK/p.json" --force -- curl -s "http://127.0.0.1:$port/page"
	also 'curl: no network while it learns' bash -c "! grep -q net.connect '$WORK/p.json'"
	also 'curl: which is said' grep -q "net.connect | .127.0.0.1:$port. .*--allow-net=" "$WORK/p.why.md"
	learned curl --allow-net=:* -- curl -sS -o got "http://127.0.0.1:$port/page"
	also 'curl: it did what it should' test "$(cat "$SCRATCH/got")" = served
	also 'curl: that address and no other' grep -qF "\"net.connect\": [\"127.0.0.1:$port\"]" "$WORK/p.json"
	in_scratch "$CORDON" run -p "$WORK/p.json" -- curl -sS http://127.0.0.1:1/
	also 'curl: another port is denied' err_has 'denied net.connect 127.0.0.1:1'
	kill $server
else
	skip curl 'curl is not installed'
fi

# ---- node, with a package ----
fixture_node() {
	mkdir -p node_modules/greet/lib
	echo '{"name": "greet", "version": "1.0.0", "main": "index.js"}' >node_modules/greet/package.json
	echo 'module.exports = require("./lib/words")' >node_modules/greet/index.js
	echo 'module.exports = ["hello", "world"]' >node_modules/greet/lib/words.js
	echo 'const w = require("greet"); require("fs").writeFileSync("out.txt", w.join(" ")); console.log(w.length)' >main.js
}
FIXTURE=fixture_node
if have node; then
	refresh
	learned node -- node main.js
	also 'node: it did what it should' test "$(cat "$SCRATCH/out.txt")" = 'hello world'
else
	skip node 'node is not installed'
fi

# ---- secrets ----
FIXTURE=fixture_tree
refresh
in_scratch "$CORDON" learn --force -o "$WORK/p.json" -- sh -c "cat a/one $secret $HOME/notes/diary; true"
also 'a secret cannot be read while it learns' bash -c "! grep -q key '$OUT'"
also 'what else is asked for can' out_has '^private$'
also 'and is granted' grep -qF '"${HOME}/notes/diary"' "$WORK/p.json"
also 'the secret is not' bash -c "! grep -q 'ssh' '$WORK/p.json'"
rm -f "$WORK/log"
(cd "$SCRATCH" && "$CORDON" run -q --audit=all --log "$WORK/log" --rw "$SCRATCH" --chdir "$SCRATCH" --allow-read="$secret" -- sh -c "cat a/one $secret; cat $HOME/notes/diary"; :) >"$OUT" 2>/dev/null
also 'a log of one who was let' out_has '^key$'
in_scratch "$CORDON" learn --force -o "$WORK/p.json" --from="$WORK/log"
also 'from a log: the secret is not granted either' bash -c "grep -q 'a/one' '$WORK/p.json' && ! grep -q 'ssh' '$WORK/p.json'"
also 'from a log: and is said' grep -q 'id_test. | [0-9]* | a secret' "$WORK/p.why.md"
also 'from a log: what was denied is not' bash -c "! grep -q diary '$WORK/p.json'"

# ---- merging ----
(cd "$SCRATCH" && "$CORDON" run -q --audit=all --log "$WORK/log2" --allow-read="$SCRATCH/a/two" --chdir / -- sh -c "cat $SCRATCH/a/two; echo x >$HOME/notes/new") >/dev/null 2>&1
printf '{\n  "version": 1,\n  "extends": ["base"],\n  "allow": { "fs.read": ["%s/a/one"] }\n}\n' "$SCRATCH" >"$WORK/old.json"
cp "$WORK/old.json" "$WORK/kept.json"
in_scratch "$CORDON" learn --from="$WORK/log2" --merge="$WORK/old.json"
also 'merge: a diff' out_has '^\+ +"allow".*a/two'
also 'merge: which is all' cmp -s "$WORK/old.json" "$WORK/kept.json"
in_scratch "$CORDON" learn --from="$WORK/log2" --merge="$WORK/old.json" -o "$WORK/new.json"
also 'merge: written elsewhere' bash -c "grep -q 'a/one' '$WORK/new.json' && grep -q 'a/two' '$WORK/new.json'"
in_scratch "$CORDON" policy diff "$WORK/old.json" "$WORK/new.json"
also 'merge: it grants what it granted, and more' out_has 'a/two'
in_scratch "$CORDON" learn --from="$WORK/log2" --merge="$WORK/new.json"
also 'merge: once is enough' out_has 'grants all of it already'
rm -f "$WORK/new.json" "$WORK/new.why.md"
in_scratch "$CORDON" learn --from="$WORK/log2" --denied -o "$WORK/new.json"
also '--denied: what was denied as well' grep -q 'notes' "$WORK/new.json"

# ---- where no copies can be made ----
if [ "$(id -u)" != 0 ]; then
	without=$CORDON_WITHOUT
	export CORDON_WITHOUT=userns
	refresh
	in_scratch "$CORDON" learn --force -o "$WORK/p.json" -- sh -c 'cat a/one; echo x >new; true'
	also 'without copies: it is said' err_has 'copies on write cannot be made here'
	also 'without copies: what it reads is learned' grep -qF '"${CWD}/a/one"' "$WORK/p.json"
	also 'without copies: nothing is changed' test ! -e "$SCRATCH/new"
	also 'without copies: which is said, too' grep -q 'fs.create | .*/new. | 1 | it was denied' "$WORK/p.why.md"
	export CORDON_WITHOUT=$without
fi

# ---- wrong ----
in_scratch "$CORDON" learn -o "$WORK/p.json" -- true
also 'nothing is written over' err_has 'is there already; --force'
for wrong in '--threshold=x -- true' '--from=/no/such/log' '--no-such' ''; do
	in_scratch "$CORDON" learn --force -o "$WORK/wrong.json" $wrong
	status=$?
	also "wrong: $wrong" test $status = 125 -a ! -e "$WORK/wrong.json"
done
in_scratch "$CORDON" learn --force -o "$WORK/p.json" -- sh -c 'exit 3'
also 'a program that fails is said to' err_has 'ended with status 3'
also 'nothing is left behind' test -z "$(ls -A "$TMPDIR")"
# The system's files, each by name; libraries whatever their version.
in_scratch "$CORDON" learn --force --exact -o "$WORK/p.json" -- ls /
also '--exact: learned' test $? = 0
also '--exact: no group that grants the system' bash -c "! grep -q base '$WORK/p.json'"
also '--exact: libraries in any version' grep -qE '"/(usr/)?lib/.*/libc\.so\*"' "$WORK/p.json"
in_scratch "$CORDON" run -p "$WORK/p.json" -- ls /
also '--exact: passes' out_has '^usr$'
in_scratch "$CORDON" run -p "$WORK/p.json" -- ls /usr/share
also '--exact: and nothing else does' test -s "$ERR"
