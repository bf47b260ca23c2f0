# Policies with one fault each: status 125, one line that names file, line, pointer and remedy, and nothing was run.
. "$(dirname "$0")/lib.sh"
fixture_policies() {
	printf '{\n  "version": 1,\n  "allow": { "fs.read": ["/usr/**" }\n}\n' >syntax.json
	printf '{\n  "version": 1,\n  "alow": {}\n}\n' >unknown.json
	printf '{ "version": 1,\n "allow": { "fs.raed": ["/usr/**"] } }\n' >unknown-op.json
	printf '{ "version": 1,\n "limits": { "memroy": "1G" } }\n' >unknown-limit.json
	printf '{\n  "version": 1,\n  "allow": {},\n  "allow": {}\n}\n' >duplicate.json
	printf '{\n  "version": 1,\n  "allow": { "fs.read": "/usr/**" }\n}\n' >type.json
	printf '{\n  "version": 1,\n  "allow": { "fs.read": [1] }\n}\n' >type-in.json
	printf '{ "version": 2 }\n' >version.json
	printf '{ "allow": {} }\n' >no-version.json
	printf '[]\n' >array.json
	: >empty.json
	printf '{ "version": 1, "allow": { "fs.read": ["relative"] } }\n' >relative.json
	printf '{ "version": 1, "allow": { "fs.read": ["/a/**/b"] } }\n' >wildcard.json
	printf '{ "version": 1, "allow": { "fs.read": ["${NOPE}/x"] } }\n' >variable.json
	printf '{ "version": 1, "allow": { "net.connect": ["host:99999"] } }\n' >port.json
	printf '{ "version": 1, "allow": { "net.connect": ["10.0.0.0/99:80"] } }\n' >cidr.json
	printf '{ "version": 1, "limits": { "memory": "lots" } }\n' >limit.json
	printf '{ "version": 1, "limits": { "processes": -1 } }\n' >negative.json
	printf '{ "version": 1, "on_deny": "explode" }\n' >on-deny.json
	printf '{ "version": 1, "audit": true }\n' >audit.json
	printf '{ "version": 1, "view": { "/x": { "mode": "ro" } } }\n' >view.json
	{ printf '{ "version": 1, "allow": '; head -c 100000 /dev/zero | tr '\0' '['; } >deep-array.json
	/usr/bin/env awk 'BEGIN { for (i = 0; i < 100000; i++) printf "{\"a\":" }' >deep-object.json
	{ printf '{ "version": 1, "name": "'; head -c 10485760 /dev/zero | tr '\0' 'x'; printf '" }\n'; } >large.json
	printf '{ "version": 1,\n "name": "a\377b" }\n' >utf8.json
	printf '{ "version": 1,\n "name": "a\355\240\200b" }\n' >surrogate.json
	printf '{ "version": 1,\n "name": "a\0b" }\n' >nul.json
	printf '{ "version": 1,\n "name": "a\\u0000b" }\n' >nul-escape.json
	printf '{ "version": 1, "extends": ["cycle-b.json"] }\n' >cycle.json
	printf '{ "version": 1, "extends": ["cycle.json"] }\n' >cycle-b.json
	printf '{ "version": 1, "extends": ["self.json"] }\n' >self.json
	printf '{ "version": 1,\n "extends": ["nowhere.json"] }\n' >extends-missing.json
	printf '{ "version": 1, "extends": ["nosuchgroup"] }\n' >group.json
	ln -s loop.json loop.json
	mkdir directory.json
	mkfifo fifo.json
	printf '{ "version": 1 }\n' >unreadable.json
	chmod 000 unreadable.json
	printf '{ "version": 1 } x\n' >trailing.json
}
FIXTURE=fixture_policies
GUARD=60

# fault NAME FILE PATTERN...: every pattern must be found in the one line
fault() {
	local file=$1 got text=
	shift
	refresh
	run_inside -p "$file" -- sh -c 'echo was run; : >was-run'
	got=$?
	[ $got = 125 ] || text+="exit status $got, not 125"$'\n'
	[ ! -e "$SCRATCH/was-run" ] && [ ! -s "$WORK/inside.out" ] || text+="the program was run"$'\n'
	[ "$(wc -l <"$WORK/inside.err")" = 1 ] || text+="not one line"$'\n'
	[ "$(wc -c <"$WORK/inside.err")" -lt 600 ] || text+="the line is too long"$'\n'
	grep -aq "$(basename "$file")" "$WORK/inside.err" || text+="the file is not named"$'\n'
	for pattern; do
		grep -aqE -- "$pattern" "$WORK/inside.err" || text+="no $pattern in it"$'\n'
	done
	if LC_ALL=C grep -aqP '[\x00-\x08\x0b-\x1f\x7f]' "$WORK/inside.err"; then text+="control characters on the terminal"$'\n'; fi
	if [ -z "$text" ]; then pass "$file"; else fail "$file" "$text" "$(head -c 1500 "$WORK/inside.err")"; fi
}
fault syntax.json ':3'
fault unknown.json ':3' '/alow|alow'
fault unknown-op.json 'fs.raed'
fault unknown-limit.json 'memroy'
fault duplicate.json ':4|/allow' 'allow'
fault type.json ':3' '/allow/fs.read'
fault type-in.json ':3' '/allow/fs.read/0'
fault version.json 'version'
fault no-version.json 'version'
fault array.json 'object'
fault empty.json
fault relative.json '/allow/fs.read/0'
fault wildcard.json '/allow/fs.read/0'
fault variable.json 'NOPE'
fault port.json '/allow/net.connect/0'
fault cidr.json '/allow/net.connect/0'
fault limit.json '/limits/memory'
fault negative.json '/limits/processes'
fault on-deny.json 'on_deny'
fault audit.json 'audit'
fault view.json '/view'
fault deep-array.json
fault deep-object.json
fault large.json
fault utf8.json ':2'
fault surrogate.json ':2'
fault nul.json
fault nul-escape.json
fault cycle.json 'circle' 'cycle-b.json'
fault self.json 'circle|cycle|itself'
fault extends-missing.json 'nowhere.json'
fault group.json 'nosuchgroup'
fault loop.json
fault directory.json
fault fifo.json
fault nowhere.json
fault trailing.json
[ "$T_WHO" = root ] || fault unreadable.json
fault /dev/zero 'zero'
fault /proc/self/mem 'mem'

# Command lines.
line() {
	local name=$1 got text=
	shift
	refresh
	(cd "$SCRATCH" && exec timeout -k 10 $GUARD "$CORDON" run "$@") >"$OUT" 2>"$ERR" </dev/null
	got=$?
	[ $got = 125 ] || text+="exit status $got, not 125"$'\n'
	[ ! -s "$OUT" ] || text+="something was run"$'\n'
	[ "$(wc -l <"$ERR")" = 1 ] || text+="not one line"$'\n'
	if [ -z "$text" ]; then pass "$name"; else fail "$name" "$text" "$(head -c 1500 "$ERR")"; fi
}
line 'no program'
line 'an unknown option' --frobnicate -- echo run
line 'an option without a value' --allow-read
line 'an empty path' --allow-read= -- echo run
line 'a bind without a place' --bind /usr -- echo run
line 'a bind of nothing' --bind "/no/such:/x" -- echo run
line 'an unknown limit' --limit=memroy=1 -- echo run
line 'a bad limit' --limit=memory=lots -- echo run
line 'a bad rule' --allow=fs.raed:/usr -- echo run
line 'a directory that is not there' --chdir /no/such -- echo run
line 'a log that cannot be written' --log /no/such/log -- echo run
line 'a log that is a device' --log /dev/null -- echo run
line 'a log that is a FIFO' --log fifo.json -- echo run
