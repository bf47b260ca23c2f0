# The teaching track: each self-check lets its solution pass, finds the attack in its starting point, and is not content
# with a program that does nothing.
. "$(dirname "$0")/lib.sh"

count=0
for folder in "$SRC"/samples/lessons/[0-9]*/; do
	lesson=$(basename "$folder")
	count=$((count + 1))
	CORDON=$T_ROOT/bin/cordon timeout -k 5 150 sh "$SRC/samples/lessons/lessons.sh" "$T_ROOT/bin" "${lesson%%-*}" >"$OUT" 2>"$ERR"
	status=$?
	reason=$(sed -n 's/^ *skip *//p' "$OUT" | head -n 1)
	if [ -n "$reason" ]; then
		skip "$lesson" "$reason"
	elif [ $status = 0 ] && ! grep -q warning: "$OUT" "$ERR" && [ "$(grep -c '^  ok ' "$OUT")" = 3 ]; then
		pass "$lesson"
	else
		fail "$lesson" "exit status $status" "$(cat "$OUT" "$ERR")"
	fi
done
[ $count -ge 10 ] && pass 'all of them are there' || fail 'all of them are there' "$count"

# What a student sees.
student() { timeout -k 5 100 sh "$SRC/samples/lessons/lessons.sh" "$T_ROOT/bin" "$@" >"$OUT" 2>"$ERR"; }
export CORDON=$T_ROOT/bin/cordon
student 1 "$SRC/samples/lessons/01-ambient/start.c"
[ $? = 1 ] && grep -q '^not passed: an attack succeeds' "$OUT" && pass 'work that is not right yet' ||
	fail 'work that is not right yet' "$(cat "$OUT" "$ERR")"
echo 'int main(void) { return x; }' >"$WORK/wrong.c"
student 1 "$WORK/wrong.c"
[ $? = 1 ] && grep -q '^not passed: the work is not done' "$OUT" && pass 'work that does not compile' ||
	fail 'work that does not compile' "$(cat "$OUT" "$ERR")"
student 99
[ $? = 2 ] && grep -q 'there is no lesson 99' "$ERR" && pass 'a lesson that is not there' || fail 'a lesson that is not there' "$(cat "$OUT" "$ERR")"
