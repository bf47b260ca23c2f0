# Shadow stacks and indirect branch tracking, by a tracer that plays the processor: calls that go through the shim keep to the rules.
. "$(dirname "$0")/lib.sh"
have gcc || { skip shadow 'gcc is not installed'; exit 0; }
program shadow && program shadowed || exit 0
SOURCE=$SRC/scenarios/programs/shadowed.c
BIN=$WORK/bin # not writable inside, so that static programs there get a shim
gcc -w -O1 -static -o "$BIN/static" "$SOURCE" -pthread 2>"$WORK/cc.out" || skip static 'cannot be built here'
musl-gcc -w -O1 -o "$BIN/musl" "$SOURCE" 2>"$WORK/cc.out" || skip musl 'cannot be built here'
musl-gcc -w -O1 -static -o "$BIN/musl-static" "$SOURCE" 2>"$WORK/cc.out" || skip 'musl, static' 'cannot be built here'
control=shadowed
[ ! -x "$BIN/musl-static" ] || control=musl-static # it has fewest instructions
fixture_shadow() { mkfifo fifo && echo text >file && ln -s file link && ln -s "$BIN/$control" child; }
FIXTURE=fixture_shadow
GUARD=200 # tens of microseconds for each instruction
# Of the last line, all but the violations differs from run to run.
NORMAL='sed -E s/^shadow:.instructions.*;/shadow:/'
granted=(--ro "$BIN" --allow-run="$BIN" --allow=proc.trace:space)

# ---- is it a processor? ----
broken() { # PART [WHAT IT SAYS]
	local part=$1 want=99 text=${2:-violations 0}
	[ $# = 2 ] || want=0
	refresh
	run_native "$BIN/shadow" "$BIN/$control" "$part"
	if [ $? = $want ] && grep -qE "$text" "$WORK/native.err"; then pass "$part"; else fail "$part" "$(cat "$WORK/native.err")"; fi
	inside "$part, inside" $want "${granted[@]}" -- "$BIN/shadow" "$BIN/$control" "$part"
	also "$part, inside: is told" err_has "$text"
}
broken nothing
broken pushed ': returns to .*; the shadow stack has '
broken popped ': returns to .*; the shadow stack has '
broken marked
broken unmarked ": branches to 0x7ecd00010000 .*, cordon's\); no endbr64 is there"
broken unreturned ': returns to .*; the shadow stack has '

# ---- programs ----
refresh
SHIM=
if [ "$T_BORDER" != full ] && run_inside -- grep -q '^7ecd00000000-' /proc/self/maps; then
	SHIM=1
else
	skip 'through the shim' 'this run, or this machine, is without it'
fi
# Of those that were checked, how many were cordon's, inside?
counted() {
	local name=$1 what
	shift
	[ -n "$SHIM" ] || return 0
	for what; do
		if grep -qE "$what [0-9]+ \([1-9]" "$WORK/inside.err"; then pass "$name, $what"; else fail "$name, $what" "$(cat "$WORK/inside.err")"; fi
	done
}
stepped() { # NAME COMMAND...
	local name=$1
	shift
	same "$name" "${granted[@]}" -- "$@"
	if grep -q '^shadow: .* violations 0$' "$WORK/native.err"; then pass "$name, natively"; else fail "$name, natively" "$(cat "$WORK/native.err")"; fi
}
parts='calls alarms stack jump restart threads fork vfork'
stepped glibc "$BIN/shadow" "$BIN/shadowed" $parts cancel
counted glibc calls returns notrack signals unwound
if [ -x "$BIN/static" ]; then
	stepped static "$BIN/static" by "$BIN/shadow" "$BIN/static" $parts spawn
	counted static calls returns notrack signals
fi
if [ -x "$BIN/musl" ]; then
	stepped musl "$BIN/shadow" "$BIN/musl" $parts spawn cancel
	counted musl calls returns notrack signals
fi
if [ -x "$BIN/musl-static" ]; then
	stepped 'musl, static' "$BIN/musl-static" by "$BIN/shadow" "$BIN/musl-static" $parts spawn cancel
	counted 'musl, static' calls returns notrack signals
fi
stepped cat env LC_ALL=C "$BIN/shadow" cat link
counted cat calls returns notrack
