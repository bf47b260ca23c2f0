# cordon policy as a person uses it: init, check, fmt, diff, subset, schema. Nothing is run in a space here.
. "$(dirname "$0")/lib.sh"
fixture_files() {
	cat >small.json <<-'END'
		{"version": 1, "allow": {"fs.read": ["/srv/*.txt"], "net.connect": ["10.1.0.0/16:80"]}}
	END
	cat >large.json <<-'END'
		{"allow": {"net.connect": ["10.0.0.0/8:1-100"], "fs.read": ["/srv/**"]}, "version": 1}
	END
	cat >odd.json <<-'END'
		{"version": 1, "allow": {"fs.read": ["/a/b", "/**"], "fs.write": []}, "deny": {"fs.read": ["/a/**"]}}
	END
	chmod 640 odd.json
	ln -s odd.json link.json
}
FIXTURE=fixture_files

# tool NAME STATUS ARGUMENT...: cordon policy ARGUMENT... in the scratch directory
tool() {
	local name=$1 want=$2 got
	shift 2
	(cd "$SCRATCH" && exec timeout -k 5 30 "$CORDON" policy "$@") >"$OUT" 2>"$ERR" </dev/null
	got=$?
	if [ $got = "$want" ]; then pass "$name"; else fail "$name" "exit status $got, not $want" "$(head -n 20 "$OUT" "$ERR")"; fi
}

refresh
tool 'a smaller policy is a subset' 0 subset small.json large.json
also 'and that is said' out_is 'small.json grants no more than large.json'
tool 'a larger one is not' 1 subset large.json small.json
also 'the witness is an operation' out_has '^large.json grants more than small.json: fs\.[a-z]+ /srv'
also 'with the rule that grants it' out_has 'large.json: allow, by "/srv/\*\*" \(large.json /allow/fs.read/0\)'
also 'and the lack of one' out_has 'small.json: deny, by no rule'
tool 'the same as JSON' 1 subset --json large.json small.json
also 'is JSON' python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); assert d["subset"] is False and d["witness"].startswith("fs.")' "$OUT"
tool 'a group is a policy' 0 subset base base
tool 'what is no policy is no subset' 125 subset small.json nowhere.json
tool 'two files are needed' 125 subset small.json

tool 'differences are found' 1 diff small.json large.json
also 'what is granted more' out_has '^\+ net.connect tcp://10\.'
also 'and nothing less' test "$(grep -c '^-' "$OUT")" = 0
tool 'and the other way round' 1 diff large.json small.json
also 'they are granted less' test "$(grep -c '^+' "$OUT")" = 0
tool 'an equal policy does not differ' 0 diff small.json small.json
also 'and nothing is said' out_is ''

# What one grants may be run by the other, as the witness says.
tool 'check warns' 0 check odd.json
also 'of a rule that never decides' err_has '/allow/fs.read/0: .*never decides: .*\(odd.json /deny/fs.read/0\).*\[never\]'
also 'of a grant of everything' err_has '/allow/fs.read/1: .*\[broad\]'
also 'of an empty list' err_has '/allow/fs.write: .*\[empty\]'
also 'and counts' out_has '3 warnings'
tool 'check --strict fails' 1 check --strict odd.json
tool 'check --json prints JSON lines' 0 check --json odd.json
also 'each with a kind' python3 -c 'import json,sys; assert {json.loads(l)["kind"] for l in open(sys.argv[1])} == {"never","broad","empty"}' "$OUT"

tool 'fmt --check finds what is not canonical' 1 fmt --check odd.json small.json
also 'and changes nothing' grep -q '^{"version": 1, "allow"' "$SCRATCH/odd.json"
tool 'fmt --stdout prints' 0 fmt --stdout odd.json
also 'and changes nothing either' grep -q '^{"version": 1, "allow"' "$SCRATCH/odd.json"
tool 'fmt writes' 0 fmt link.json
also 'through a link' test -L "$SCRATCH/link.json"
also 'what is canonical' sh -c "cd '$SCRATCH' && '$CORDON' policy fmt --check odd.json"
also 'with the mode as it was' test "$(stat -c %a "$SCRATCH/odd.json")" = 640
also 'and nothing beside it' test "$(ls "$SCRATCH" | wc -l)" = 4
tool 'what is no policy is not formatted' 125 fmt nowhere.json
printf '{"version": 1}' | (cd "$SCRATCH" && "$CORDON" policy fmt -) >"$OUT" 2>"$ERR"
also 'fmt reads standard input' out_is '{
  "version": 1
}'

# Templates: each passes its own tests wherever it is written; one is then used.
FIXTURE=fixture_none
refresh
for template in $("$CORDON" policy init); do
	tool "template $template" 0 init --template "$template" "$template.json"
	tool "template $template passes its check" 0 check "$template.json"
	also "template $template has tests that pass" out_has ' [1-9][0-9]* tests(, [0-9]+ warnings?)?$'
	tool "template $template is canonical" 0 fmt --check "$template.json"
done
tool 'a file is not written over' 125 init --template tool tool.json
also 'which is said' err_has 'is there already'
tool 'unless forced' 0 init --force --template untrusted tool.json
tool 'a template that is none' 125 init --template nonesuch
mkdir -p "$SCRATCH/in" "$SCRATCH/out"
echo text >"$SCRATCH/in/a"
tool 'the tool template again' 0 init --force --template tool tool.json
(cd "$SCRATCH" && timeout -k 5 60 "$CORDON" run -q -p tool.json -- sh -c 'cat in/a >out/b && ! echo x >in/c') >"$OUT" 2>"$ERR" 2>/dev/null
also 'a template can be used' grep -q text "$SCRATCH/out/b"

# The schema, by a validator of others: good policies pass, bad ones do not.
tool 'a schema is printed' 0 schema
cp "$OUT" "$WORK/schema.json"
cat >"$WORK/validate.py" <<'END'
import json, sys, glob
from jsonschema import Draft202012Validator
schema = json.load(open(sys.argv[1]))
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
bad = False
for path in sys.argv[2:]:
    errors = list(validator.iter_errors(json.load(open(path))))
    if errors: print(path, errors[0].message); bad = True
faults = '''
{} [] {"version":2} {"version":1,"alow":{}} {"version":1,"allow":{"fs.raed":[]}} {"version":1,"allow":{"fs.read":"/x"}}
{"version":1,"allow":{"fs.read":[1]}} {"version":1,"allow":{"fs.read":["relative"]}} {"version":1,"limits":{"memroy":1}}
{"version":1,"limits":{"memory":"lots"}} {"version":1,"limits":{"processes":"5"}} {"version":1,"limits":{"processes":0}}
{"version":1,"limits":{"processes":-1}} {"version":1,"on_deny":"explode"} {"version":1,"audit":true} {"version":1,"view":{"/x":{"mode":"ro"}}}
{"version":1,"view":{"/x":{"private":false}}} {"version":1,"view":{"/x":{"private":true,"from":"/y"}}} {"version":1,"view":{"x":{"private":true}}}
{"version":1,"env":{"pass":["A=B"]}} {"version":1,"env":{"set":{"A":1}}} {"version":1,"tests":[{"op":"fs.read","path":"/x"}]}
{"version":1,"tests":[{"op":"fs.read","address":"x:1","expect":"deny"}]} {"version":1,"tests":[{"op":"fs.*","path":"/x","expect":"deny"}]}
{"version":1,"name":""} {"version":1,"extends":[1]}
'''.split()
for text in faults:
    if not list(validator.iter_errors(json.loads(text))): print("passes:", text); bad = True
print(len(faults))
sys.exit(bad)
END
if python3 -c 'import jsonschema' 2>/dev/null; then
	python3 "$WORK/validate.py" "$WORK/schema.json" "$SCRATCH"/*.json "$SRC"/samples/*.json >"$OUT" 2>"$ERR"
	status=$?
	also 'the schema tells good policies from bad ones' test $status = 0
	for group in $("$CORDON" policy groups); do "$CORDON" policy groups "$group" >"$WORK/group-$group.json"; done
	python3 "$WORK/validate.py" "$WORK/schema.json" "$WORK"/group-*.json >"$OUT" 2>"$ERR"
	status=$?
	also 'and the groups are good' test $status = 0
else
	skip 'the schema tells good policies from bad ones' 'no python3-jsonschema'
fi

# Replay: what another policy would have said.
FIXTURE=fixture_replay
fixture_replay() {
	mkdir d
	echo a >d/a
	echo b >d/b
	printf '{"version": 1, "extends": ["base"], "allow": {"fs.read": ["%s/d/b"]}, "deny": {"fs.write": ["/tmp/y"]}}\n' "$SCRATCH" >new.json
	printf '{"version": 1, "extends": ["base"], "allow": {"fs.read": ["%s/d/a"]}}\n' "$SCRATCH" >same.json
}
SCRATCH=$HOME/replay-$$ # not where spaces have a directory of their own
trap 'rm -rf "$SCRATCH"' EXIT
refresh
(cd "$SCRATCH" && timeout -k 5 60 "$CORDON" run -q --audit=all --log run.log -p same.json -- sh -c 'cat d/a d/b; echo x >/tmp/y') >/dev/null 2>&1 </dev/null
tool 'the same policy decides alike' 0 replay --policy same.json run.log
also 'which is said' out_has '^0 of [1-9][0-9]* recorded operations'
tool 'another one does not' 1 replay -p new.json run.log
also 'what it would allow' out_has '^\+ fs.read .*/d/b: was deny, would be allow, by ".*/d/b" \(new.json /allow/fs.read/0\)'
also 'what it would deny, by no rule' out_has '^- fs.read .*/d/a: was allow, would be deny, by no rule'
also 'and by one' out_has '^- fs.write /tmp/y: was allow, would be deny, by "/tmp/y" \(new.json /deny/fs.write/0\)'
tool 'as JSON' 1 replay -p new.json --json run.log
also 'in lines' python3 -c 'import json,sys; assert {json.loads(l)["sign"] for l in open(sys.argv[1])} == {"+","-"}' "$OUT"
tool 'a log that is none' 125 replay -p new.json new.json
tool 'no policy' 125 replay run.log
tool 'no log' 125 replay -p new.json nowhere.log
