# Random policies and calls: what is settled natively, and the monitor alone, must agree. A bounded number here, more by
# `make property`; a failure prints its seed, and what runs it again.
. "$(dirname "$0")/lib.sh"
unset CORDON_WITHOUT
[ -x /usr/bin/gcc ] || { skip property 'gcc is not installed'; exit 0; }
cases=20000
flags='-std=gnu11 -D_GNU_SOURCE -O1 -w'
mkdir -p "$WORK/include/tests" "$WORK/bin"
ln -sfn "$SRC/property" "$WORK/include/tests/property"
gcc $flags -I"$WORK/include" "$SRC/property/property.c" "$SRC/property/generate.c" -o "$WORK/bin/property" &&
	gcc $flags "$SRC/property/probe.c" -o "$WORK/bin/probe" &&
	gcc -static -nostdlib -s -Wl,-z,noseparate-code,--build-id=none "$SRC/property/program.S" -o "$WORK/bin/program" ||
	{ fail 'build the property test'; exit 1; }
if timeout 900 "$WORK/bin/property" "$CORDON" "$WORK/bin/probe" "$WORK/bin/program" --cases $cases >"$OUT" 2>&1; then
	pass 'the plan and the monitor agree'
else
	fail 'the plan and the monitor agree' "$(cat "$OUT")"
fi

# ---- cordon policy show --plan ----

mkdir -p "$WORK/tree/sub" "$WORK/tree/ro" "$WORK/plain"
cat >"$WORK/plan.json" <<END
{ "version": 1, "extends": ["base"],
  "allow": { "fs.read": ["$WORK/tree/**"], "fs.write": ["$WORK/tree/sub/**"], "net.connect": [":443"] },
  "deny": { "fs.write": ["$WORK/tree/sub/*.key"], "fs.*": ["$WORK/tree/ro/**"] } }
END
"$CORDON" policy show --plan "$WORK/plan.json" >"$OUT" 2>"$ERR" || fail 'a plan is shown' "$(cat "$ERR")"
shows() {
	if grep -qE -- "$2" "$OUT"; then pass "$1"; else fail "$1" "$(grep -A1 tree "$OUT")"; fi
}
shows 'what a rule keeps from being settled is not' "^allow fs.write +$WORK/tree/sub/\\*\\* +monitor, view: rw noexec +no "
shows 'that rule is named' "not native: $WORK/tree/sub: deny $WORK/tree/sub/\\*.key, $WORK/plan.json /deny/fs.write/0"
shows 'what is denied altogether is absent' "^deny  fs.\\* +$WORK/tree/ro/\\*\\* +view: absent "
shows 'addresses are decided by the monitor' '^allow net.connect +:443 +monitor +no '
cat >"$WORK/plain.json" <<END
{ "version": 1, "extends": ["base"], "allow": { "fs.read": ["$WORK/plain/**"], "fs.write": ["$WORK/plain/**"] } }
END
"$CORDON" policy show --plan "$WORK/plain.json" >"$OUT" 2>"$ERR" || fail 'a plain plan is shown' "$(cat "$ERR")"
shows 'what is settled is native' "^allow fs.write +$WORK/plain/\\*\\* +Landlock, view: .* yes "
if "$CORDON" policy show --plan --json "$WORK/plain.json" | python3 -c '
import json, sys
plan = json.load(sys.stdin)
rows = [r for r in plan["rules"] if r["pattern"].endswith("/plain/**") and r["op"] == "fs.write"]
sys.exit(not (plan["native"] and rows[0]["native"] and rows[0]["by"] == "Landlock"))'; then
	pass 'as JSON'
else
	fail 'as JSON'
fi
CORDON_WITHOUT=shim "$CORDON" policy show --plan >"$OUT" 2>&1
shows 'without the mechanism nothing is native' 'not native: this machine lacks'
