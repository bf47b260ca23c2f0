# cordon why: verdicts explained, and the changes that it advises made.
. "$(dirname "$0")/lib.sh"
fixture_why() {
	mkdir -p home/.ssh home/Mail data state
	echo key >home/.ssh/id
	echo mail >home/Mail/x
	ln -s home/Mail link
	cat >tool.json <<-END
		{ "version": 1,
		  "allow": { "fs.read": ["$SCRATCH/home/**"], "fs.write": ["$SCRATCH/data/**"] },
		  "ask": { "fs.read": ["$SCRATCH/home/Mail/a*"] },
		  "deny": { "fs.read": ["$SCRATCH/home/Mail/**"] },
		  "view": { "$SCRATCH/data": { "from": "$SCRATCH/data" } } }
	END
}
FIXTURE=fixture_why
refresh

# why NAME STATUS ARGUMENT...
why() {
	local name=$1 want=$2 got
	shift 2
	(cd "$SCRATCH" && HOME=$SCRATCH/home XDG_STATE_HOME=$SCRATCH/state exec timeout -k 5 30 "$CORDON" why "$@") >"$OUT" 2>"$ERR" </dev/null
	got=$?
	if [ $got = "$want" ]; then pass "$name"; else fail "$name" "exit status $got, not $want" "$(head -n 20 "$OUT" "$ERR")"; fi
}

why 'what no rule names' 1 fs.read /etc/shadow
also 'is said to be denied' out_has '^denied: fs.read /etc/shadow$'
also 'with the flag that allows it' out_has 'to allow it: --allow-read=/etc/shadow$'
why 'and that flag turns it' 0 --allow-read=/etc/shadow fs.read /etc/shadow
also 'by the rule of the flag' out_has 'by allow "/etc/shadow" \(command line --allow-read=/etc/shadow\)'
also 'with what would deny it again' out_has 'to deny it: --deny=fs.read:/etc/shadow'
why 'which does' 1 --allow-read=/etc/shadow --deny=fs.read:/etc/shadow fs.read /etc/shadow

why 'what a rule denies' 1 -p tool.json fs.read home/Mail/ab
also 'names the rule, its file and its place' out_has 'deny "/.*/home/Mail/\*\*" \(tool.json /deny/fs.read/0\)'
also 'and the others' out_has 'also: allow "/.*/home/\*\*" \(tool.json /allow/fs.read/0\)'
also 'and those that ask' out_has 'also: ask ".*a\*"'
also 'and that no grant wins' out_has 'no grant wins over them: take them out.*; then it is allowed'
why 'a link is followed' 1 -p tool.json fs.read link/x
also 'which is said' out_has 'which the name leads to'
why 'a secret' 1 -p tool.json fs.read home/.ssh/id
also 'is said to be one' out_has 'only a rule that spells it out holds at .*/home/.ssh'
why 'what the view shows read-only' 1 -p tool.json fs.write data/x
also 'is denied, whatever the rules say' out_has '^denied: fs.write'
also 'by the view' out_has 'view: ".*/data" shows ".*/data", read-only \(tool.json /view/'
why 'all operations of a sort' 1 -p tool.json 'fs.*' home/.ssh/id
also 'each has its verdict' test "$(grep -cE '^(denied|allowed): fs\.' "$OUT")" = 6
why 'as JSON' 1 --json -p tool.json fs.read home/Mail/x
also 'which can be read' python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); assert d["verdict"]=="deny" and d["pointer"]=="/deny/fs.read/0"' "$OUT"
why 'an operation that is none' 125 fs.raed /x
why 'an object that is none' 125 net.connect /x
why 'no object' 125 fs.read

# The last run.
why 'before any run' 125 --last
also 'it says so' err_has 'no run is known'
(cd "$SCRATCH" && HOME=$SCRATCH/home XDG_STATE_HOME=$SCRATCH/state timeout -k 5 60 "$CORDON" run -q --allow-read="$SCRATCH" -- sh -c 'cat /etc/shadow "/etc/hostname
x"; cat home/.ssh/id; ls state/cordon; exit 3') >"$OUT" 2>"$ERR"
also 'a space does not see what is kept' test -z "$(grep -a last "$OUT")"
why 'after a run' 0 --last
also 'it names the program and its status' out_has "  sh -c .*\(policy \"base\", status 3\)"
also 'what was denied' out_has '^denied fs.(read|stat) /etc/shadow'
also 'and what would allow it' out_has 'to allow it: --allow-read=/etc/shadow'
also 'names cannot make lines' test "$(grep -c '^x' "$OUT")" = 0
why 'the same as JSON' 0 --last --json
also 'which can be read, too' python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); assert d["status"]==3 and any(x["flag"]=="--allow-read=/etc/shadow" for x in d["denials"])' "$OUT"
also 'the file is the user'"'"'s alone' test "$(stat -c %a "$SCRATCH/state/cordon/last")" = 600
(cd "$SCRATCH" && HOME=$SCRATCH/home XDG_STATE_HOME=$SCRATCH/state timeout -k 5 60 "$CORDON" run -q --rw "$SCRATCH" -- sh -c 'echo forged >state/cordon/last; rm -rf state; mv state other; exit 0') >"$OUT" 2>"$ERR"
why 'a space that may write around it' 0 --last
also 'cannot write it' out_has "status 0"
(cd "$SCRATCH" && HOME=$SCRATCH/home XDG_STATE_HOME=$SCRATCH/state timeout -k 5 60 "$CORDON" run -q -- true) >"$OUT" 2>"$ERR"
why 'a run after one that was denied more' 0 --last
also 'says nothing of that' out_has 'nothing was denied'
echo kept >"$SCRATCH/elsewhere"
ln -sf ../../elsewhere "$SCRATCH/state/cordon/last"
(cd "$SCRATCH" && HOME=$SCRATCH/home XDG_STATE_HOME=$SCRATCH/state timeout -k 5 60 "$CORDON" run -q -- true) >"$OUT" 2>"$ERR"
why 'a link in its place' 0 --last
also 'is not followed' test "$(cat "$SCRATCH/elsewhere")" = kept
ln -f "$SCRATCH/elsewhere" "$SCRATCH/state/cordon/last"
(cd "$SCRATCH" && HOME=$SCRATCH/home XDG_STATE_HOME=$SCRATCH/state timeout -k 5 60 "$CORDON" run -q -- true) >"$OUT" 2>"$ERR"
why 'a file with another name' 0 --last
also 'is not written to' test "$(cat "$SCRATCH/elsewhere")" = kept
printf 'cordon 1 0 1\nx\033[2J\nbase\n' >"$SCRATCH/state/cordon/last"
why 'a file that is not as it was written' 125 --last
