# A tree of spaces, 8 deep and busy, of which some process is killed: what was below it ends, and leaves nothing.
. "$(dirname "$0")/lib.sh"
have python3 || { skip chaos 'no python3'; exit 0; }
[ "$T_BORDER" != nested ] || { skip chaos 'it makes spaces within spaces of its own'; exit 0; }
mkdir -p "$WORK/made"
cp "$CORDON" "$WORK/cordon"
if (cd "$WORK/made" && TMPDIR=$WORK/made timeout -k 5 $((120 + ${CHAOS_ROUNDS:-20} * 10)) \
	python3 "$SRC/scenarios/programs/chaos.py" "$WORK/cordon" "$WORK/made" "${CHAOS_ROUNDS:-20}" ${CHAOS_SEED:-}) >"$OUT" 2>"$ERR"; then
	pass "${CHAOS_ROUNDS:-20} rounds"
else
	fail "${CHAOS_ROUNDS:-20} rounds" "$(cat "$OUT" "$ERR")"
fi
