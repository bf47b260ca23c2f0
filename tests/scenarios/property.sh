# Random policies and calls: what is settled natively, and the monitor alone, must agree. A bounded number here, more by
# `make property`; a failure prints its seed, and what runs it again.
. "$(dirname "$0")/lib.sh"
[ -x /usr/bin/gcc ] || { skip property 'gcc is not installed'; exit 0; }
cases=50000
flags='-std=gnu11 -D_GNU_SOURCE -O1 -w'
mkdir -p "$WORK/include/tests" "$WORK/bin"
ln -sfn "$SRC/property" "$WORK/include/tests/property"
gcc $flags -I"$WORK/include" "$SRC/property/property.c" "$SRC/property/generate.c" -o "$WORK/bin/property" &&
	gcc $flags "$SRC/property/probe.c" -o "$WORK/bin/probe" &&
	gcc -static -nostdlib -s -Wl,-z,noseparate-code,--build-id=none "$SRC/property/program.S" -o "$WORK/bin/program" ||
	{ fail 'build the property test'; exit 1; }
if timeout 200 "$WORK/bin/property" "$CORDON" "$WORK/bin/probe" "$WORK/bin/program" --cases $cases >"$OUT" 2>&1; then
	pass 'the plan and the monitor agree'
else
	fail 'the plan and the monitor agree' "$(cat "$OUT")"
fi
