# Nesters: programs that stand on the border of a space, alone and in stacks; and such that do not keep to the rules.
. "$(dirname "$0")/lib.sh"
REAL=$T_ROOT/bin/cordon
[ -x "$T_ROOT/bin/nesters/tracer" ] || { skip nesters 'they are not built'; exit 0; }
mkdir -p "$WORK/bin"
GUARD=120
SHOWN=(--ro "$T_ROOT/bin")
# What a space needs that others are made in, for programs that work in the scratch directory.
WIDE=(-q --allow='space.create:*' "${SHOWN[@]}" --rw "$SCRATCH" --allow-run="$SCRATCH" --chdir "$SCRATCH" --setenv HOME="$SCRATCH" --setenv XDG_STATE_HOME=/tmp)

# stack NAME LAYER...: a command like cordon that runs what it is given in these layers, the last one innermost
stack() {
	local name=$1 text="" layer
	shift
	for layer in "$@"; do
		case $layer in
		run) text+=" \"$REAL\" run" ;;
		tracer) text+=" \"$REAL\" tracer -o /dev/null" ;;
		procman) text+=" \"$REAL\" procman --processes 500" ;;
		patho) text+=" \"$REAL\" patho --fake /nowhere=text" ;;
		esac
		shift
		[ $# = 0 ] || text+=" ${WIDE[*]@Q} --"
	done
	printf '#!/bin/bash\nshift\nexec %s "$@"\n' "${text# }" >"$WORK/bin/$name"
	chmod 755 "$WORK/bin/$name"
}
stack trace tracer
stack manage procman
stack run-trace run tracer
stack trace-manage tracer procman
stack manage-trace procman tracer
stack all run procman tracer patho

fixture_sources() {
	fixture_tree
	printf '#include <stdio.h>\nint main(void) { puts("built"); return 0; }\n' >a.c
	git init -q repo 2>/dev/null && git -C repo -c user.name=a -c user.email=a@b commit -q --allow-empty -m first 2>/dev/null
}
export GIT_AUTHOR_DATE='2021-01-01T00:00:00Z' GIT_COMMITTER_DATE='2021-01-01T00:00:00Z'
for layers in trace manage run-trace trace-manage manage-trace all; do
	CORDON=$WORK/bin/$layers
	FIXTURE=fixture_tree
	same "$layers: bash" -- bash -c 'for f in a/one a/two a/b/*; do wc -c <"$f" 2>/dev/null; done; (exit 3) || echo $?; cat <(sort a/two) | tee copy'
	! have python3 || same "$layers: python3" -- /usr/bin/python3 -c 'import os, subprocess; print(sorted(os.listdir("a"))); print(subprocess.run(["echo", "child"], capture_output=True).stdout)'
	FIXTURE=fixture_sources
	! have gcc || TREE=0 same "$layers: gcc" -- sh -c 'gcc -o built a.c && ./built'
	! have git || TREE=0 same "$layers: git" -- sh -c 'cd repo && git status --short && git log --format=%s'
	FIXTURE=fixture_none
	same "$layers: the exit status" -- sh -c 'exit 42'
done
# Without pipes beside the ports.
export CORDON_WITHOUT=${CORDON_WITHOUT:-}${CORDON_WITHOUT:+,}pipe_nowait
for layers in trace trace-manage; do
	CORDON=$WORK/bin/$layers
	FIXTURE=fixture_tree
	same "$layers, by sockets alone: bash" -- bash -c 'for f in a/one a/two a/b/*; do wc -c <"$f" 2>/dev/null; done; (exit 3) || echo $?; cat <(sort a/two) | tee copy'
	FIXTURE=fixture_none
done
export CORDON_WITHOUT=${CORDON_WITHOUT%pipe_nowait}
CORDON_WITHOUT=${CORDON_WITHOUT%,}
CORDON=$REAL

# What each is for.
refresh
(cd "$SCRATCH" && exec timeout -k 5 60 "$REAL" tracer -q "${SHOWN[@]}" --allow='space.create:*' -- "$REAL" run -q -- cat /etc/debian_version) >"$OUT" 2>"$ERR"
also 'tracer: what is asked for' err_has '^\[1 [0-9]+\] exec: fs.exec /'
also 'tracer: at any depth' err_has '^\[1\.1 [0-9]+\] open: fs.read /etc/debian_version$'
also 'tracer: that there is a space' err_has '^\[1\.1\] a space within$'
# Job control: what has been stopped goes on, and so does its space.
: >"$OUT"
(cd "$SCRATCH" && exec timeout -k 5 60 "$REAL" tracer -q "${SHOWN[@]}" --allow='space.create:*' --setenv CORDON="$REAL" -- \
	"$REAL" run -q -- sh -c 'echo one; sleep 1; cat /etc/debian_version >/dev/null && echo two') >"$OUT" 2>"$ERR" </dev/null &
waiting=$!
for _ in {1..100}; do out_has one && break; sleep 0.1; done
for try in 1 2 3; do
	pkill -STOP -P $waiting -x tracer
	sleep 0.05
	pkill -CONT -P $waiting -x tracer
	sleep 0.05
done
wait $waiting
also 'tracer: stopped for a while' out_has two
# What was handed out is shown being used, whatever the protocol; and it makes no difference.
cat >"$WORK/reads.c" <<'EOF'
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	int ends[2], fd = open(argv[1], O_RDONLY), n = 0;
	char bytes[8];

	for (int i = 0; i < 10; i++)
		n += (int)read(fd, bytes, sizeof(bytes));
	n += *(char *)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends);
	n += (int)send(ends[0], bytes, 5, 0) + (int)recv(ends[1], bytes, sizeof(bytes), 0);
	n += (int)read(77, bytes, 1);
	return printf("%d\\n", n) < 0 || argc != 2;
}
EOF
gcc -O1 -o "$WORK/bin/reads" "$WORK/reads.c"
refresh
head -c 100 /dev/zero | tr '\0' A >"$SCRATCH/ten"
wanted=$("$WORK/bin/reads" "$SCRATCH/ten")
uses() { [ "$(grep -cE "^\[$1 [0-9]+\] $2: cap.use $3" "$ERR")" = "$4" ]; }
(exec timeout -k 5 60 "$REAL" tracer -q --ro "$SCRATCH" --ro "$WORK/bin" --allow-run="$WORK/bin" -- "$WORK/bin/reads" "$SCRATCH/ten") >"$OUT" 2>"$ERR"
also 'tracer: a program is none the wiser' out_is "$wanted"
also 'tracer: ten reads of one that was opened' uses 1 read "$SCRATCH/ten" 10
also 'tracer: how many bytes' uses 1 read "$SCRATCH/ten \(descriptor [0-9]+, 8\)" 10
also 'tracer: a mapping' uses 1 mmap "$SCRATCH/ten" 1
also 'tracer: send' uses 1 sendto 'socket:' 1
also 'tracer: and recv' uses 1 recvfrom 'socket:' 1
(exec timeout -k 5 60 "$REAL" tracer "${WIDE[@]}" --ro "$WORK/bin" --allow-run="$WORK/bin" -- "$REAL" run -q --bind "$SCRATCH:/other" --ro "$WORK/bin" --allow-run="$WORK/bin" -- \
	"$WORK/bin/reads" /other/ten) >"$OUT" 2>"$ERR"
also 'tracer: a program within is none the wiser' out_is "$wanted"
also 'tracer: ten reads within, by the name around it' uses '1\.1' read "$SCRATCH/ten" 10
(exec timeout -k 5 60 "$REAL" tracer --messages -q --ro "$SCRATCH" --ro "$WORK/bin" --allow-run="$WORK/bin" -- "$WORK/bin/reads" "$SCRATCH/ten") >"$OUT" 2>"$ERR"
also 'tracer: messages alone' eval 'out_is "$wanted" && ! err_has cap.use && err_has "fs.read .*/ten"'
(exec timeout -k 5 60 "$REAL" tally --ration fs.exec=3/60 -q -- sh -c 'for i in 1 2 3 4; do /bin/true && echo ran; done') >"$OUT" 2>"$ERR"
also 'tally: as many as there may be' [ "$(grep -c ran "$OUT")" = 2 ]
also 'tally: and it says so' err_has '^tally: fs.exec=3/60: 3 passed, 2 refused$'
(exec timeout -k 5 60 "$REAL" patho --fake /etc/fancy=text -q --allow-read=/etc/fancy --allow-write=/etc/fancy -- \
	sh -c 'cat /etc/fancy; echo; stat -c %s /etc/fancy; echo word >/etc/fancy; cat /etc/none') >"$OUT" 2>"$ERR"
also 'patho: a file that does not exist' out_is $'text\n4'
also 'patho: what is written to it' err_has '^patho: /etc/fancy: word$'
also 'patho: no other' err_has '/etc/none: No such file'
refresh
mkdir -p "$SCRATCH/one" "$SCRATCH/two"; echo one >"$SCRATCH/one/f"; echo two >"$SCRATCH/two/f"; echo s >"$SCRATCH/secret"
(exec timeout -k 5 60 "$REAL" patho --map "$SCRATCH/one=$SCRATCH/two" -q --ro "$SCRATCH" -- cat "$SCRATCH/one/f") >"$OUT" 2>"$ERR"
also 'patho: another path' out_is two
(exec timeout -k 5 60 "$REAL" run -q --allow='space.create:*' "${SHOWN[@]}" --ro "$SCRATCH" --deny-read="$SCRATCH/secret" -- \
	"$REAL" patho --map "$SCRATCH/one/f=$SCRATCH/secret" -q --ro "$SCRATCH" -- cat "$SCRATCH/one/f") >"$OUT" 2>"$ERR"
also 'patho: but none that the space around denies' err_has 'Permission denied'
(exec timeout -k 5 60 "$REAL" procman --restart 2 -q -- sh -c 'exit 4') >"$OUT" 2>"$ERR"
also 'procman: the status of the last' [ $? = 4 ]
also 'procman: started again' [ "$(grep -c 'is started again' "$ERR")" = 2 ]
(exec timeout -k 5 60 "$REAL" procman --memory 20 -q -- sh -c 'x=$(head -c 40000000 /dev/zero | tr \\0 x); echo $x | wc -c; sleep 30; :') >"$OUT" 2>"$ERR"
also 'procman: too much memory' err_has '^procman: ends [0-9]+ \((sh|dash)\): too much memory$'
# What is held: at any depth, in the names of the nester's own space, and nothing of the space's own.
held() { # COMMAND...: procman and what it runs; asked once the program is ready
	local pid i
	: >"$OUT" >"$ERR" # what another one said
	"$@" >"$OUT" 2>"$ERR" </dev/null &
	pid=$!
	for ((i = 0; i < 100; i++)); do grep -q ready "$OUT" && break; sleep 0.1; done
	kill -USR1 $pid
	for ((i = 0; i < 100; i++)); do grep -q 'that is all' "$ERR" && break; sleep 0.1; done
	kill -TERM $pid
	wait $pid
}
refresh
echo text >"$SCRATCH/held"
holder="exec 5<$SCRATCH/held 6</etc/debian_version; mkfifo /tmp/own; exec 7<>/tmp/own; echo ready; sleep 20; :"
held "$REAL" procman -q --ro "$SCRATCH" -- bash -c "$holder"
also 'procman: what is held' err_has "^  \[1 [0-9]+\] 5: fs.read file $SCRATCH/held$"
also 'procman: by each process' [ "$(grep -c '5: fs.read file' "$ERR")" = 2 ]
held "$REAL" procman "${WIDE[@]}" -- "$REAL" run -q --bind "$SCRATCH:/other" -- bash -c "${holder/$SCRATCH//other}"
also 'procman: what is held within, by the name around it' err_has "^  \[1\.1 [0-9]+\] 5: fs.read file $SCRATCH/held$"
also 'procman: and not by the name within' eval '! err_has /other'

# Those that lie, hang or die: their own space is denied, or waits, and nobody else.
program hostile_nester || exit 0
export CORDON=$REAL
flags=()
hostile() { # NAME STATUS WAY COMMAND..., with these flags
	local name=$1 status=$2 way=$3 got
	shift 3
	timeout -k 5 20 "$WORK/bin/hostile_nester" "$way" -q "${flags[@]}" -- "$@" >"$OUT" 2>"$ERR" </dev/null
	got=$?
	# shellcheck disable=SC2053 # a pattern
	if [[ $got = $status ]]; then pass "hostile: $name"; else fail "hostile: $name" "exit status $got, not $status" "$(head -c 500 "$OUT" "$ERR")"; fi
}
# By datagrams alone, and by the pipes beside them.
for how in '' piped-; do
	hostile "${how}lets all pass" 0 ${how}pass cat /etc/debian_version
	hostile "${how}floods" 0 ${how}flood true
	hostile "${how}lists without end" 0 ${how}list cat /etc/debian_version
	hostile "${how}answers twice" 0 ${how}twice cat /etc/debian_version
	hostile "${how}is slow, and is waited for" 0 ${how}late true
	hostile "${how}dies" 126 ${how}die cat /etc/debian_version
	hostile "${how}no answer at all" 126 ${how}garbage cat /etc/debian_version
	hostile "${how}gives what was not asked for" 126 ${how}wrong cat /etc/debian_version
	hostile "${how}results that nobody has room for" 126 ${how}huge cat /etc/debian_version
	hostile "${how}paths that are none" 126 ${how}change cat /etc/debian_version
	hostile "${how}gives a directory, from which more could be reached" 127 ${how}directory cat /etc/debian_version
	hostile "${how}decides on another program than is started" 126 ${how}exec cat /etc/debian_version
done
# By the pipe these would be there when their question comes.
hostile 'answers what nobody asked' 0 forge cat /etc/debian_version
hostile 'less than an answer' 126 piped-part cat /etc/debian_version
hostile 'an answer longer than what there is of it' 126 piped-long cat /etc/debian_version
hostile 'a pipe of questions that nobody reads' 126 piped-shut cat /etc/debian_version
hostile 'no pipes' 125 piped-files cat /etc/debian_version
# Whatever becomes of its own questions and answers, the monitor waits for neither: it can be ended, and says so.
for way in full thief; do
	hostile "piped-$way: waits" '@(0|1|124|126|127)' piped-$way cat /etc/debian_version
	timeout -k 5 20 "$REAL" run -q --allow='space.create:*' "${SHOWN[@]}" --ro "$WORK/bin" --setenv CORDON="$REAL" -- \
		sh -c "timeout -s KILL 2 $WORK/bin/hostile_nester piped-$way -q -- cat /etc/debian_version; echo still here" >"$OUT" 2>"$ERR" </dev/null
	also "piped-$way: the space around goes on" out_has '^still here$'
done
# Who asks about something else is not held up by a question that is open; which one is not lost.
refresh
mkdir -p "$SCRATCH/held"; for n in 1 2 3; do echo "held $n" >"$SCRATCH/held/$n.stuck"; done; echo released >"$SCRATCH/held/release"
flags=(--ro "$SCRATCH/held" --chdir "$SCRATCH/held")
hostile 'an answer that does not come holds nobody else' 0 stuck \
	bash -c 'for n in 1 2 3; do cat $n.stuck & done; sleep 0.3; head -c 3 /etc/debian_version >/dev/null && echo others; cat release; sleep 0.3; cat release >/dev/null; wait'
also 'hostile: the others go on' [ "$(head -n 1 "$OUT")" = others ]
also 'hostile: answers that come late are heard' [ "$(grep -c held "$OUT")" = 3 ]
# It waits, can be ended, and others do not notice.
timeout -k 5 20 "$WORK/bin/hostile_nester" hang -q -- true >"$OUT" 2>"$ERR" </dev/null &
waiting=$!
inside 'hostile: another space, while one waits' 0 -- cat /etc/debian_version
pkill -TERM -P $waiting
wait $waiting
also 'hostile: who waits can be ended' [ $? != 124 ]
timeout -k 5 20 "$REAL" run -q --allow='space.create:*' "${SHOWN[@]}" --ro "$WORK/bin" --setenv CORDON="$REAL" -- \
	sh -c "timeout -s KILL 2 $WORK/bin/hostile_nester hang -q -- true; echo still here" >"$OUT" 2>"$ERR" </dev/null
also 'hostile: the space around goes on' out_has '^still here$'
