# A monitor in an attacker's hands (cordon-hooked, tests/hook/): invariant 12.
#
# Every attempt is made without confinement first and must succeed there; from inside the monitor all but the
# control must fail.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

HOOKED=$T_ROOT/bin/cordon-hooked
if [ ! -x "$HOOKED" ]; then
	skip attempts "cordon-hooked is not built"
	exit 0
fi

mkdir -p "$SCRATCH"
echo secret >"$SCRATCH/secret"
echo granted >"$SCRATCH/granted"
# Somebody who listens on loopback, and a process outside; both end by themselves.
/usr/bin/python3 -c '
import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
a = socket.socket(socket.AF_UNIX); a.bind("\0cordon-hook-%d" % s.getsockname()[1]); a.listen()
print(s.getsockname()[1], flush=True); time.sleep(20)' >"$WORK/port" &
listener=$!
sleep 30 &
victim=$!
for _ in $(seq 100); do [ -s "$WORK/port" ] && break; sleep 0.1; done
targets=("$SCRATCH/secret" "$SCRATCH/granted" "$(cat "$WORK/port")" "$victim")

timeout -k 5 $GUARD "$HOOKED" attack "${targets[@]}" >"$WORK/native"
timeout -k 5 $GUARD "$HOOKED" run -q --allow-read="$SCRATCH/granted" --log="$WORK/log" -- \
	/usr/bin/true "${targets[@]}" >"$WORK/run.out" 2>&1
status=$?
kill "$listener" "$victim" 2>/dev/null

[ "$status" = 0 ] && pass status || fail status "exit status $status" "$(cat "$WORK/run.out")"
while read -r name native; do
	held=$(grep -a "^$name " "$WORK/log" | cut -d' ' -f2-)
	# An ordinary user cannot change root natively either: then there is nothing to show.
	if [ "$native" != ok ]; then
		skip "$name" "natively: $native"
	elif [ "$name" = read-granted ]; then
		[ "$held" = ok ] && pass "$name" || fail "$name" "the control failed: $held"
	elif [ -n "$held" ] && [ "$held" != ok ]; then
		pass "$name"
	else
		fail "$name" "from inside the monitor: ${held:-no result}"
	fi
done <"$WORK/native"
[ "$(wc -l <"$WORK/native")" -ge 14 ] && pass complete || fail complete "$(cat "$WORK/native")"
