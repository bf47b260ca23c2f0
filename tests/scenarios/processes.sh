# How programs start, wait, are interrupted and end.
. "$(dirname "$0")/lib.sh"
FIXTURE=fixture_tree
have gcc || { skip processes 'gcc is not installed'; exit 0; }
program processes || exit 0
program pointers || exit 0
fixture_programs() { fixture_tree; cp "$WORK/bin/processes" "$WORK/bin/pointers" .; }
FIXTURE=fixture_programs

for part in vfork spawn cancel block storm altstack many threads fifo zombies; do
	same "$part" -- ./processes $part
done
same 'bad pointers' -- ./pointers

# A program that ends with children alive: natively these live on, in a space they end with it or are waited for.
inside 'an orphan' 0 -- ./processes orphan

# ---- the exit status ----
for s in 0 1 42 125 126 127 255; do
	inside "exit status $s" $s -- sh -c "exit $s"
done
for s in HUP INT KILL TERM SEGV ABRT USR1; do
	inside "signal $s" $((128 + $(kill -l $s))) -- sh -c "ulimit -c 0; kill -$s \$\$"
done
inside 'not found' 127 -- nosuchprogram
also 'not found: one clear line' err_lines 1
inside 'not found, by path' 127 -- /no/such/program
also 'not found, by path: one line' err_lines 1
inside 'not executable' 126 -- ./a/one
also 'not executable: one line' err_lines 1
inside 'a directory' 126 -- ./a
inside 'a missing interpreter' 127 -- sh -c 'printf "#!/no/such\n" >x; chmod +x x; exec ./x'

# ---- signals to cordon go to the program ----
marker=7531$RANDOM
forwarded() {
	local name=$1 signal=$2 want=$3 command=$4 pid status=
	refresh
	: >"$SCRATCH/ready"
	(cd "$SCRATCH" && exec timeout -k 10 $GUARD "$CORDON" run -q --rw "$SCRATCH" --chdir "$SCRATCH" -- bash -c "$command") \
		>"$OUT" 2>"$ERR" </dev/null &
	pid=$!
	while [ ! -s "$SCRATCH/ready" ] && kill -0 $pid 2>/dev/null; do sleep 0.05; done
	local target
	target=$(pgrep -P $pid | head -n 1)
	kill -"$signal" "$target"
	wait $pid 2>/dev/null
	status=$?
	if [ $status = "$want" ]; then pass "$name"; else fail "$name" "status $status, not $want; sent to $target" "$(cat "$OUT" "$ERR")"; fi
}
forwarded 'TERM is forwarded' TERM 7 'trap "echo got; exit 7" TERM; echo x >ready; while :; do sleep 0.1; done'
also 'the handler ran' out_is got
forwarded 'INT is forwarded' INT 8 'trap "echo got; exit 8" INT; echo x >ready; while :; do sleep 0.1; done'
forwarded 'HUP is forwarded' HUP 9 'trap "exit 9" HUP; echo x >ready; while :; do sleep 0.1; done'
forwarded 'USR1 is forwarded' USR1 11 'trap "exit 11" USR1; echo x >ready; while :; do sleep 0.1; done'
forwarded 'TERM without a handler' TERM 143 "echo x >ready; exec sleep $marker"
forwarded 'KILL ends the space' KILL 137 "sleep $marker & echo x >ready; exec sleep $marker"
gone() { for _ in $(seq 100); do pgrep -f "sleep $marker" >/dev/null || return 0; sleep 0.1; done; pgrep -af "sleep $marker"; return 1; }
also 'nothing of the space is left' gone

# ---- children killed at any moment of a pending operation ----
killing='i=0; while [ $i -lt 150 ]; do i=$((i+1));
	( while :; do cat a/one a/b/numbers >/dev/null; echo x >k.$i; mv k.$i m.$i; ls a >/dev/null; done ) 2>/dev/null &
	p=$!; (exec cat a/fifo) & f=$!
	read -t 0.0$((RANDOM % 30)) x <>a/fifo; kill -KILL $p $f; wait $p $f 2>/dev/null
done; rm -f k.* m.*; cat a/one; echo alive'
inside 'children killed at random moments' 0 -- bash -c "exec 2>/dev/null; $killing"
also 'the space still works' out_has '^alive$'
inside 'a whole space that ends in the middle' 0 -- bash -c "for i in 1 2 3 4 5 6 7 8; do (exec -a w$marker bash -c 'while :; do cat a/one >/dev/null; done') & done; sleep 0.3; exit 0"
marker_gone() { for _ in $(seq 100); do pgrep -f "w$marker" >/dev/null || return 0; sleep 0.1; done; return 1; }
also 'none of its processes is left' marker_gone

# cordon itself killed with a space at work: its end is the space's end.
for i in 1 2 3 4 5; do
	refresh
	(cd "$SCRATCH" && exec "$CORDON" run -q --rw "$SCRATCH" --chdir "$SCRATCH" -- bash -c "(exec -a w$marker bash -c 'while :; do cat a/one >/dev/null; done') & (exec -a w$marker cat a/fifo) & wait") >/dev/null 2>&1 </dev/null &
	pid=$!
	sleep "0.$i"
	kill -KILL $pid
	wait $pid 2>/dev/null
done
also 'cordon killed: none is left' marker_gone
