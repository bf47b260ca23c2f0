# Rules that ask: by a command, and at a terminal, as a person meets it (tmux plays the terminal and the person).
. "$(dirname "$0")/lib.sh"
fixture_ask() {
	mkdir -p d home
	echo secret >d/a
	echo other >d/b
	cat >p.json <<-END
		{
		  "version": 1,
		  "extends": ["base"],
		  "ask": {
		    "fs.read": ["$SCRATCH/d/**"],
		    "fs.write": ["$SCRATCH/d/**"],
		    "net.connect": ["127.0.0.1:1-65535"]
		  }
		}
	END
}
FIXTURE=fixture_ask
SCRATCH=$HOME/ask-$$ # not in a directory that spaces have privately
trap 'rm -rf "$SCRATCH"; tmux -S "$WORK/tmux$n" kill-server 2>/dev/null' EXIT

# asked NAME ANSWER COMMAND: runs it with a command that answers so, and notes the questions
asked() {
	local name=$1 answer=$2
	shift 2
	: >"$WORK/questions"
	(cd "$SCRATCH" && exec timeout -k 5 40 "$CORDON" run -p p.json --ask-command \
		"cat >>'$WORK/questions'; printf '%s\n' '$answer'" -- sh -c "$*") >"$OUT" 2>"$ERR" </dev/null
	GOT=$?
	[ $GOT = 0 ] && pass "$name" || fail "$name" "exit status $GOT" "$(cat "$OUT" "$ERR")"
}
questions_are() { [ "$(wc -l <"$WORK/questions")" = "$1" ]; }

refresh
asked 'an answer for once' once "cat d/a; cat d/a"
also 'grants it' out_is $'secret\nsecret'
also 'each time anew' questions_are 2
also 'with what is asked, as JSON' python3 -c 'import json,sys
for l in open(sys.argv[1]):
    d = json.loads(l); assert d["op"] == "fs.read" and d["object"].endswith("/d/a") and d["program"].endswith("cat") and d["pointer"] == "/ask/fs.read/0", d' "$WORK/questions"
asked 'an answer for the run' run "cat d/a; cat d/a; cat d/b"
also 'stands for one object' questions_are 2
asked 'a denial' deny '! cat d/a && ! cat d/a'
also 'is for once' questions_are 2
also 'and said at the end' err_has 'denied fs.read .*/d/a: not granted when asked, as wanted by rule /ask/fs.read/0'
asked 'never' never '! cat d/a && ! cat d/a'
also 'stands' questions_are 1
asked 'what is no answer' 'of course' '! cat d/a'
asked 'no answer' '' '! cat d/a'
asked 'a longer answer than any' "$(printf 'once%.0s' $(seq 100))" '! cat d/a'
asked 'many at a time' once 'for i in 1 2 3 4 5 6 7 8; do cat d/a >o$i & done 2>/dev/null; for i in 1 2 3 4 5 6 7 8; do cat d/b & done; wait'
also 'are all answered' test "$(grep -c other "$OUT")" = 8
(cd "$SCRATCH" && timeout -k 5 40 "$CORDON" run -q -p p.json --ask-command 'sleep 60' -- sh -c 'cat d/a & sleep 1; echo goes on; exit 5') >"$OUT" 2>"$ERR" </dev/null
got=$?
also 'a question does not stop the rest' out_is 'goes on'
also 'nor the end' test $got = 5
(cd "$SCRATCH" && timeout -k 5 40 "$CORDON" run -q -p p.json --ask-command 'sleep 60' -- sh -c 'timeout 1 cat d/a; echo $?') >"$OUT" 2>"$ERR" </dev/null
also 'who waits can be interrupted' out_is 124
(cd "$SCRATCH" && timeout -k 5 40 "$CORDON" run -p p.json -- cat d/a) >"$OUT" 2>"$ERR" </dev/null
also 'with nobody to ask it is denied' err_has 'nobody to ask, wanted by rule /ask/fs.read/0'
(cd "$SCRATCH" && timeout -k 5 40 "$CORDON" run -q -p p.json --ask-command 'cat >/dev/null; ls /proc/self/fd | tr "\n" " " >fds; id -u >id; echo run' -- cat d/a) >"$OUT" 2>"$ERR" </dev/null
also 'the command runs outside' test -s "$SCRATCH/id"
also 'with three descriptors' test "$(tr -d '\n' <"$SCRATCH/fds")" = '0 1 2 3 '
asked 'a rule that denies is not asked about' once "true"
refresh
sed -i 's|"ask": {|"deny": { "fs.read": ["'"$SCRATCH"'/d/b"] }, "ask": {|' "$SCRATCH/p.json"
asked 'what is denied stays denied' run '! cat d/b && cat d/a'
also 'and is not asked about' questions_are 1

# A space within another one: its own policy asks who has started it; the one around it is not asked.
if [ "$CORDON_WITHOUT" != userns ]; then
	refresh
	: >"$WORK/questions"
	(cd "$SCRATCH" && exec timeout -k 5 40 "$CORDON" run -q --allow='space.create:*' --ro "$CORDON" --rw "$SCRATCH" -- \
		"$CORDON" run -q --ask="fs.read:$SCRATCH/d/**" --ask-command 'cat >>asked; echo once' -- cat "$SCRATCH/d/a") >"$OUT" 2>"$ERR" </dev/null
	also 'a space within a space asks' out_is secret
	also 'who has started it' test "$(wc -l <"$SCRATCH/asked")" = 1
	(cd "$SCRATCH" && exec timeout -k 5 40 "$CORDON" run -q --allow='space.create:*' --ro "$CORDON" --ask="fs.read:$SCRATCH/d/**" --ask-command 'echo run' -- \
		"$CORDON" run -q --allow-read="$SCRATCH/d" -- cat "$SCRATCH/d/a") >"$OUT" 2>"$ERR" </dev/null
	also 'what is asked about around it is denied' out_is ''
	# Names and answers: the keeper writes them, and neither the monitors nor the wardens of spaces within.
	if [ "$(id -u)" = 0 ]; then
		: >"$OUT"
		(cd "$SCRATCH" && exec timeout -k 5 40 "$CORDON" run -q --allow='space.create:*' --ro "$CORDON" --ask='fs.read:/nowhere' --ask-command 'echo run' -- \
			"$CORDON" run -q -- sh -c "echo up; sleep 5.$$") >"$OUT" 2>"$ERR" </dev/null &
		for _ in $(seq 100); do grep -q up "$OUT" && break; sleep 0.1; done
		: >"$WORK/writers"
		for pid in $(pgrep -f "^$CORDON run -q --allow=space.create.* 5\.$$"); do
			grep -qE 'rw-s.*memfd:(names|answers)' /proc/$pid/maps 2>/dev/null && echo $pid >>"$WORK/writers"
		done
		also 'one process writes names and answers' test "$(wc -l <"$WORK/writers")" = 1
		wait
	fi
fi

# For good: written into the policy, and not asked about again.
refresh
asked 'always' always 'cat d/a'
also 'shows what it changes' err_has '^\+ *"always": \{ "fs.read": \["/.*/d/a"\] \}'
also 'in a policy that still is one' sh -c "'$CORDON' policy check '$SCRATCH/p.json' >/dev/null 2>&1"
asked 'the next run' deny 'cat d/a; ! cat d/b'
also 'asks about the rest alone' questions_are 1

# Every sort of operation can be asked about.
# other NAME OP:PATTERN ANSWER COMMAND
other() {
	local name=$1 rule=$2 answer=$3
	shift 3
	: >"$WORK/questions"
	(cd "$SCRATCH" && exec timeout -k 5 40 "$CORDON" run -q --rw "$SCRATCH" --ask="$rule" --ask-command \
		"cat >>'$WORK/questions'; echo '$answer'" -- sh -c "$*") >"$OUT" 2>"$ERR" </dev/null
	GOT=$?
	[ $GOT = 0 ] && pass "$name" || fail "$name" "exit status $GOT" "$(cat "$OUT" "$ERR")"
}
refresh
other 'starting a program' fs.exec:/usr/bin/id once 'id -u; id -u'
also 'each time' questions_are 2
other 'not starting it' fs.exec:/usr/bin/id deny '! id -u'
other 'a new name' "fs.create:$SCRATCH/d/c" once 'mv d/b d/c && cat d/c'
other 'not a new name' "fs.create:$SCRATCH/d/e" deny '! mv d/c d/e && ! mkdir d/e && cat d/c'
other 'an old one' "fs.remove:$SCRATCH/d/c" once 'rm d/c'
if have python3; then
	other 'sending, and what comes after it in one call' net.send:udp://127.0.0.1:1-65535 once 'python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print(s.sendto(b\"a\", (\"127.0.0.1\", 9)), s.sendto(b\"b\", (\"127.0.0.1\", 9)))"'
	also 'twice' questions_are 2
	other 'listening' net.listen:127.0.0.1:1-65535 once 'python3 -c "
import socket
s = socket.socket(); s.bind((\"127.0.0.1\", 0)); print(s.getsockname()[1] > 0)"'
fi
if have strace && [ "$CORDON_WITHOUT" != userns ]; then
	other 'tracing' proc.trace:space run 'strace -o /dev/null true'
	other 'not tracing' proc.trace:space never '! strace -o /dev/null true 2>/dev/null'
fi

# Addresses: the broker is told, too.
if have python3; then
	cat >"$WORK/server.py" <<-'END'
		import socket, sys
		s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(5)
		open(sys.argv[1], "w").write(str(s.getsockname()[1]))
		s.settimeout(60)
		while True:
		    c, _ = s.accept(); c.send(b"hello\n"); c.close()
	END
	rm -f "$WORK/port"
	timeout 100 python3 "$WORK/server.py" "$WORK/port" 2>/dev/null &
	server=$!
	for _ in $(seq 50); do [ -s "$WORK/port" ] && break; sleep 0.1; done
	port=$(cat "$WORK/port")
	say='import socket,sys; s=socket.create_connection(("127.0.0.1",'$port')); sys.stdout.write(s.recv(9).decode())'
	asked 'an address for once' once "python3 -c '$say'; python3 -c '$say'"
	also 'is reached' out_is $'hello\nhello'
	also 'and asked about each time' questions_are 2
	asked 'an address that is denied' deny "! python3 -c '$say' 2>/dev/null"
	also 'is not reached' out_is ''
	kill $server
fi

# ---- at a terminal ----
if ! have tmux; then
	skip 'at a terminal' 'no tmux'
	exit 0
fi
n=0
t() { tmux -S "$WORK/tmux$n" "$@" 2>/dev/null; }
screen() { t capture-pane -p -J; }
# shows NAME PATTERN: within ten seconds
shows() {
	for _ in $(seq 100); do
		if screen | grep -qE -- "$2"; then pass "$1"; return; fi
		sleep 0.1
	done
	fail "$1" "not on the screen: $2" "$(screen | grep -v '^$')"
}
shows_not() { if screen | grep -qE -- "$2"; then fail "$1" "on the screen: $2" "$(screen | grep -v '^$')"; else pass "$1"; fi; }
# The prompt takes keys once the terminal has been quiet.
key() {
	local try
	for try in 1 2 3 4 5; do
		sleep 0.8
		t send-keys "$1"
		for _ in 1 2 3 4 5; do
			sleep 0.1
			screen | grep 'a letter, and Enter:' | tail -n 1 | grep -q 'Enter: [a-z]' && break 2
		done
	done
	t send-keys Enter
}
begin() {
	refresh
	t kill-server
	n=$((n + 1)) # it does not end at once
	t -f /dev/null new-session -d -x 200 -y 40 "cd '$SCRATCH'; PS1='ready> ' bash --norc --noprofile"
	for _ in $(seq 50); do screen 2>/dev/null | grep -q 'ready>' && break; sleep 0.1; done
}
# type COMMAND...: what cordon runs
type() { t send-keys -l "clear; '$CORDON' run $FLAGS -p p.json -- sh -c '$*'"; t send-keys Enter; }
FLAGS=

begin
type 'echo begins; cat d/a; echo status $?'
shows 'a question is shown' 'asked for fs.read /.*/d/a'
shows 'after what was printed before it' '^begins$'
shows 'with who asks, and why' 'by /usr/bin/cat \(process [0-9]+\), as rule /ask/fs.read/0 of p.json wants'
shows_not 'nothing is granted before the answer' '^secret$'
key o
shows 'once' '^secret$'
shows 'and the program goes on' '^status 0$'

begin
type 'cat d/a; cat d/a; echo end'
shows 'a second question' 'asked for fs.read'
key d
shows 'a denial is for once' 'asked for fs.read(.|\n)*' && sleep 0.5
key n
shows 'never' '^end$'
shows_not 'nothing was granted' '^secret$'

begin
type 'sleep 1; cat d/a; read x; echo line:$x'
sleep 0.5
t send-keys -l 'o'
t send-keys Enter
t send-keys -l 'r'
t send-keys Enter
shows 'what was typed before' 'asked for fs.read'
sleep 2
shows_not 'answers nothing' '^secret$'
key r
shows 'what is typed then does' '^secret$'
shows 'and what was typed before the question went to the program' '^line:o$'

begin
type 'cat d/a; read x; echo line:$x'
shows 'another question' 'a letter, and Enter'
sleep 0.8
t send-keys -l 'oooo' # at once, as a paste is
t send-keys Enter
sleep 1
shows_not 'a paste is no answer' '^secret$'
sleep 0.8
t send-keys Escape
t send-keys x
t send-keys Enter
sleep 1
shows_not 'nor are other keys' '^secret$'
key o
shows 'a letter and Enter are' '^secret$'
t send-keys -l 'typed'
t send-keys Enter
shows 'keys are the program'"'"'s again' '^line:typed$'

begin
type 'printf "\033]0;title"; cat d/a >/dev/null; printf "\033[8m\033(0"; cat d/b'
shows 'a text that swallows others does not swallow the question' 'asked for fs.read /.*/d/a'
key o
shows 'nor does invisible writing hide one' 'asked for fs.read /.*/d/b'
key d
shows 'which is denied' 'ready>'

begin
type '(sleep 1; i=0; while [ $i -lt 30 ]; do echo noise $i; i=$((i+1)); sleep 0.1; done) & cat d/a; wait'
shows 'while it is shown' 'a letter, and Enter'
sleep 2.5
shows_not 'output waits' 'noise'
key o
shows 'and comes after it' '^noise 29$'
shows 'whole' '^noise 0$'

begin
type 'cat d/a; echo status $?'
shows 'a question that' 'a letter, and Enter'
sleep 0.8
t send-keys C-c
shows 'is interrupted is denied' 'ready>'
shows_not 'and grants nothing' '^secret$'

begin
type 'cat d/a'
shows 'for good' '\[a\]lways'
key a
shows 'shows what it changes, too' '^\+ *"always"'
shows 'and grants it' '^secret$'
also 'the policy has it' grep -q '"always": { "fs.read"' "$SCRATCH/p.json"

begin
type 'cat d/a; cat d/b; cat d/a; echo end'
shows 'a row of questions' 'a letter, and Enter'
key q
shows 'can be put an end to' '^end$'
shows_not 'which grants nothing' '^(secret|other)$'

begin
FLAGS='--limit=wall_seconds=3'
type 'cat d/a'
shows 'a question that nobody answers' 'a letter, and Enter'
shows 'ends with its space' '^ready> *$'
t send-keys -l 'echo typed-$((1+1))'
t send-keys Enter
shows 'and the terminal is as it was' '^typed-2$'

begin
FLAGS=--no-pty
type 'cat d/a; echo status $?'
shows 'a terminal that is shared' 'nobody is asked on a terminal that the program shares.*--pty'
shows 'is not asked on' '^status 1$'
FLAGS=

begin
type 'kill -STOP $$; echo on; cat d/a'
shows 'a job that stops' 'Stopped'
t send-keys -l fg
t send-keys Enter
shows 'asks when it goes on' 'a letter, and Enter'
key o
shows 'and is answered' '^secret$'
