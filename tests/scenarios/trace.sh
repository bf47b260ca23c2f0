# Tracing within a space, by proc.trace: none without, and debuggers as outside with it. Beyond the border: tests/attacks.
. "$(dirname "$0")/lib.sh"
have gcc || { skip trace 'gcc is not installed'; exit 0; }
program trace || exit 0
fixture_trace() {
	cp "$WORK/bin/trace" .
	printf '%s\n' 'int down(int *at) { return *at; }' 'int main(int argc, char **argv) { return down(argc > 1 ? &argc : 0); }' >fault.c
	gcc -g -O0 -o fault fault.c
}
FIXTURE=fixture_trace
granted=--allow=proc.trace:space

inside 'nobody is traced' 0 -- ./trace
also 'nothing of it' [ "$(grep -c 'Operation not permitted$' "$OUT")" -ge 6 ]
also 'and none' [ "$(grep -c 'done$' "$OUT")" = 0 ]
refresh
(cd "$SCRATCH" && "$CORDON" run --ro "$SCRATCH" -- ./trace) >"$OUT" 2>"$ERR" </dev/null
also 'which is said once' [ "$(grep -c 'denied proc.trace space' "$ERR")" = 1 ]
also 'with what would allow it' err_has '--allow=proc.trace:space '
same 'all of it, by a rule' $granted -- ./trace
inside 'denied after all' 0 $granted --deny='proc.*:*' -- ./trace
also 'all of that' [ "$(grep -c 'done$' "$OUT")" = 0 ]
inside 'who asks to be traced by nobody' 0 $granted -- sh -c 'sh -c "sh -c \"exec ./trace\" >/dev/null & exit 0"; sleep 0.3; ls -d /proc/[0-9]* >/dev/null'

if have gdb; then
	debug() {
		inside "gdb: $1" 0 $granted -- /usr/bin/gdb -nx -batch "${@:3}"
		also "gdb: $1, indeed" out_has "$2"
	}
	debug 'a fault' 'SIGSEGV.*' -ex run -ex bt ./fault
	also 'where it is' out_has '#0 .*down \(at=0x0\) at fault.c:1'
	also 'and who called' out_has '#1 .*in main .*fault.c:2'
	debug 'a breakpoint, and a variable changed' '\$2 = 77' -ex 'break down' -ex 'run x' -ex 'print *at' -ex 'set var *at = 77' -ex 'print *at' -ex continue ./fault
	also 'which the program sees' out_has 'exited with code 0115'
	debug 'of a process that runs' '^#0  main ' -ex 'break main' -ex 'run' -ex 'info proc' -ex bt ./fault
	inside 'gdb: without the rule' 1 -- /usr/bin/gdb -nx -batch -ex run ./fault
	also 'gdb: it says why' grep -aqi 'not permitted' "$OUT" "$ERR"
else
	skip gdb 'gdb is not installed'
fi
if have strace; then
	inside 'strace' 0 $granted -- strace -f -o "$SCRATCH/log" sh -c 'cat trace >/dev/null; exit 0'
	also 'strace: calls of both' [ "$(grep -c 'exited with 0' "$SCRATCH/log")" = 2 ]
	also 'strace: names and results' grep -q 'openat(AT_FDCWD, "trace", O_RDONLY.*) = 3' "$SCRATCH/log"
	inside 'strace: what it does not change' 3 $granted -- strace -f -o /dev/null sh -c '(exit 3)'
	inside 'strace: without the rule' 1 -- strace true
else
	skip strace 'strace is not installed'
fi
