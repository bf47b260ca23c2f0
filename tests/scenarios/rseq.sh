# Restartable sequences (rseq) beside calls that go through the shim: as natively, and nothing is counted wrong.
. "$(dirname "$0")/lib.sh"
have gcc || { skip rseq 'gcc is not installed'; exit 0; }
[ -e /usr/include/linux/rseq.h ] || { skip rseq 'these headers know no rseq'; exit 0; }
program rseq || exit 0
SOURCE=$SRC/scenarios/programs/rseq.c
gcc -w -O1 -DUNSAFE -o "$WORK/bin/unsafe" "$SOURCE" -pthread || fail 'build the unsafe one'
gcc -w -O1 -static -o "$WORK/bin/static" "$SOURCE" -pthread 2>"$WORK/cc.out" || skip 'static' 'cannot be built here'
musl-gcc -w -O1 -idirafter /usr/include -idirafter "/usr/include/$(gcc -print-multiarch)" -o "$WORK/bin/musl" "$SOURCE" 2>"$WORK/cc.out" || skip 'musl' 'cannot be built here'
fixture_rseq() { cp "$WORK"/bin/* .; }
FIXTURE=fixture_rseq

# Otherwise what follows would prove nothing.
refresh
lost=
for try in 1 2 3 4 5; do
	(cd "$SCRATCH" && timeout -k 10 $GUARD ./unsafe) >"$OUT" 2>&1 || lost=1
done
if grep -q '^no rseq' "$OUT"; then
	skip rseq 'this kernel has none'
	exit 0
elif [ -n "$lost" ]; then
	pass 'without sequences, counts are lost'
else
	fail 'without sequences, counts are lost' "$(cat "$OUT")"
fi

same 'registered by the C library' -- ./rseq
also 'and the sum is right' grep -q '^a forked child: the sum is right' "$WORK/inside.out"
same 'registered by the program' -- env GLIBC_TUNABLES=glibc.pthread.rseq=0 ./rseq
also 'and by it, indeed' grep -q '^registered by the program' "$WORK/inside.out"
[ ! -x "$WORK/bin/static" ] || same 'in a static program' -- ./static
[ ! -x "$WORK/bin/musl" ] || same 'with musl' -- ./musl

# Where the calls are settled, the monitor is asked for a third of them (glibc's open in threads: loader/README.md); the rest
# goes through the shim.
messages() {
	(cd "$SCRATCH" && timeout -k 10 $GUARD "$CORDON" run --json --rw "$SCRATCH" --allow-run="$SCRATCH" -- ./rseq) 2>&1 >/dev/null </dev/null |
		sed -nE 's/.*"messages":([0-9]+).*/\1/p'
}
refresh
if [ "$T_BORDER" = settled ] && run_inside -- grep -q '^7ecd00000000-' /proc/self/maps; then
	with=$(messages) without=$(CORDON_WITHOUT=shim messages)
	if [ $((${with:-9999999} * 2)) -lt "${without:-0}" ]; then
		pass 'most calls go through the shim'
	else
		fail 'most calls go through the shim' "messages: $with, and $without without the shim"
	fi
else
	skip 'most calls go through the shim' 'this run, or this machine, is without it'
fi
