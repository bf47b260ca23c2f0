# Backtraces from calls that are made natively by way of the shim: the functions that a debugger shows outside.
. "$(dirname "$0")/lib.sh"
have gcc && have gdb || { skip backtraces 'gcc or gdb is not installed'; exit 0; }
program backtraces -g && cp "$WORK/bin/backtraces" "$WORK/bin/framed" || exit 0
gcc -std=gnu11 -O2 -g -fomit-frame-pointer "$SRC/scenarios/programs/backtraces.c" -o "$WORK/bin/frameless" || exit 1
printf 'set pagination off\nset height 0\nset environment LD_BIND_NOW=1\n' >"$WORK/start"
fixture_backtraces() { cp "$WORK/bin/framed" "$WORK/bin/frameless" . && mkfifo fifo && ln -s framed link && cat "$WORK/start" "$WORK/commands" >commands; }
FIXTURE=fixture_backtraces
# Without what may be known of libc's inlined functions: the innermost frame is told by its own address, others by the one before.
GDB="$(command -v gdb) -nx -batch -iex 'set debuginfod enabled off' -iex 'set debug-file-directory /none' -x commands --args"
granted=--allow=proc.trace:space

# Of each backtrace, the names; the shim's and the stub's frames have none. A call that is made again stops again.
names() {
	awk '/^#/ { if ($1 == "#0") print line; if ($1 == "#0") line = ""; name = $2 ~ /^0x/ ? $4 : $2; if (name != "??") line = line " " name } END { print line }' | uniq
}
NORMAL=names
shows() { # NAME CONDITION...: of the run inside that was last
	local name=$1
	shift
	if "$@"; then pass "$name"; else fail "$name" "$(grep -a '^#' "$WORK/inside.out" | head -n 30)"; fi
}
in_shim() { [ -z "$SHIM" ] || grep -q '^#.* 0x00007ecd0000' "$WORK/inside.out"; }
through() { names <"$WORK/inside.out" | grep -q "$1"; }

: >"$WORK/commands"
SHIM=
refresh
if [ "$T_BORDER" = settled ] && run_inside -- grep -q '^7ecd00000000-' /proc/self/maps; then
	SHIM=1
else
	skip 'in the shim' 'this run, or this machine, is without it'
fi

for p in framed frameless; do
	printf '%s\n' 'break two' run delete 'catch syscall openat newfstatat mkdir' >"$WORK/commands"
	for i in 1 2 3 4 5 6; do printf '%s\n' continue bt >>"$WORK/commands"; done
	same "$p: stopped in a call" $granted -- sh -c "exec $GDB ./$p calls"
	shows "$p: in the shim" in_shim
	shows "$p: and whence" through ' one two main$'

	# Not stopped at the call itself: the mask of a signal's frame lies between.
	printf '%s\n' 'handle SIGALRM nostop noprint pass' 'break rung' run bt finish finish bt 'frame function one' finish bt >"$WORK/commands"
	same "$p: a handler" $granted -- sh -c "exec $GDB ./$p fifo"
	shows "$p: a handler, in the shim" in_shim
	shows "$p: a handler, and whence" through '^ rung <signal .* one two main$'
done

# Instruction by instruction, to the shim and back, and, for a link, to the site once more.
steps() { # NUMBER, at most
	printf '%s\n' 'break one' run 'set $n = 0' 'set $top = $sp' "while \$n < $1 && \$sp <= \$top" stepi bt 'set $n = $n + 1' end >"$WORK/commands"
}
# Of the backtraces from the shim and the stub: those that miss a caller.
lost() {
	awk '/^#0/ { is = / 0x00007ecd[0-9a-f]* in / || / in \?\? \(\) from /; if (is) { count++; where[count] = $2 } }
		is && /^#/ { line[count] = line[count] " " ($2 ~ /^0x/ ? $4 : $2) }
		END { for (i = 1; i <= count; i++) if (line[i] !~ / one two main$/) print where[i] line[i]; if (count < least) print count }' least="$1" "$WORK/inside.out"
}
if [ -n "$SHIM" ]; then
	for p in framed frameless; do
		steps 200
		inside "$p: a link, by instructions" 0 $granted -- sh -c "exec $GDB ./$p link"
		text=$(lost 60)
		if [ -z "$text" ]; then pass "$p: none misses a caller"; else fail "$p: none misses a caller" "$text"; fi
	done
	# The shim's own call, from C.
	printf '%s\n' 'catch syscall getcwd' 'run' bt >"$WORK/commands"
	inside 'a call of the shim itself' 0 $granted -- sh -c "exec $GDB ./frameless here"
	shows 'a call of the shim itself, in the shim' in_shim
	shows 'a call of the shim itself, and whence' through ' one two main$'
fi
