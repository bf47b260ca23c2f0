# Lesson 8: can a guest, in a space within a space, use up what its host lives on?
. "$(dirname "$0")/../lib.sh"

# tenant NUMBER: in a space with 600 processes, a guest takes NUMBER of them, and the host needs 20. The end of the host is
# the end of the guest.
cp "$PROGRAM" program.sh
cat >tenant.sh <<'T'
sh program.sh "$1" "$2/bomb" "$3" 10 >bomb.out 2>bomb.err &
tries=0
until grep -q '^bomb:' bomb.out || [ $tries -ge 50 ]; do sleep 0.1; tries=$((tries + 1)); done
"$2/neighbour" 20 >neighbour.out 2>&1
T
tenant() {
	rm -f ./*.out ./*.err
	bounded "$CORDON" run -q --name=host --limit=processes=600 --allow='space.create:*' --ro "$CORDON" --ro "$BIN" --rw "$PWD" \
		--chdir "$PWD" -- sh tenant.sh "$CORDON" "$BIN" "$1" >out 2>err
}
small() { tenant 8; grep -q '^bomb: 8 of 8' bomb.out && grep -q '^neighbour: 20 of 20' neighbour.out; }
starved() { tenant 900; ! grep -q '^neighbour: 20 of 20' neighbour.out; }

# Root is exempt from what holds an ordinary user. What stands in (Linux 6.14) allows 300 more than it says.
held() {
	bounded "$CORDON" run -q --limit=processes=600 --allow='space.create:*' --ro "$CORDON" --ro "$BIN" -- \
		"$CORDON" run -q --limit=processes=24 -- "$BIN/bomb" 500 1 >out 2>err
	grep -q 'temporarily unavailable' out
}
needs 'a limit of a space within a space is held for this user' held

work 'a guest that needs 8 processes gets them, and the host its 20' small
attack 'a guest that takes all it can leaves the host without' starved
note "$(cat bomb.out 2>/dev/null); $(cat neighbour.out 2>/dev/null)"
verdict
