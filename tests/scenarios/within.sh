# An attacker inside a space tries to gain by making spaces within it.
. "$(dirname "$0")/lib.sh"
GUARD=60
program handing || exit 0
program gate -I"$SRC/include/cordon" || exit 0
[ "$T_BORDER" != nested ] || CORDON=$T_ROOT/bin/cordon
# Not below /tmp, which a space has of its own.
PLACE=$HOME/within
fixture_within() {
	rm -rf "$PLACE"
	mkdir -p "$PLACE/open" "$PLACE/shut" "$PLACE/later"
	for f in open/file shut/secret later/file; do echo "TOP-SECRET" >"$PLACE/$f"; done
	cp "$WORK/bin/handing" "$WORK/bin/gate" "$PLACE/"
	cat >"$PLACE/copy.json" <<-POLICY
		{"version": 1, "extends": ["base"], "view": {"/src": {"from": "$PLACE", "mode": "cow"}},
		 "allow": {"fs.read": ["/src/**"], "fs.stat": ["/src/**"]}}
	POLICY
}
FIXTURE=fixture_within
NEST=(--allow='space.create:*' --ro "$CORDON")

# outer FLAG... -- COMMAND...: its output and status in $OUT, $ERR, $?
outer() {
	refresh
	(cd "$SCRATCH" && exec timeout -k 5 $GUARD "$CORDON" run -q "${NEST[@]}" "$@") <"$STDIN" >"$OUT" 2>"$ERR"
}
leaks() { grep -q TOP-SECRET "$OUT"; }
held() { if leaks; then fail "$1" "$(cat "$OUT" "$ERR")"; else pass "$1"; fi; }
shown() { if leaks; then pass "$1"; else fail "$1" "$(cat "$OUT" "$ERR")"; fi; }

# A copy on write is of one mount: what covers something in the space around does not come with it.
outer --ro "$PLACE" -- "$CORDON" run -q -p "$PLACE/copy.json" -- cat /src/shut/secret
shown 'a copy on write within'
outer --ro "$PLACE" --tmpfs "$PLACE/shut" -- "$CORDON" run -q -p "$PLACE/copy.json" -- cat /src/shut/secret
held 'a copy on write uncovers no private directory'
also 'which is said' err_has 'would show what the space around has covered'
for rule in "fs.*:$PLACE/shut/**" "fs.read:$PLACE/shut/secret"; do
	outer --ro "$PLACE" --deny="$rule" -- "$CORDON" run -q -p "$PLACE/copy.json" -- cat /src/shut/secret
	held "nor what is denied by $(sed "s|$PLACE|.|" <<<"$rule")"
done

# The directory of the start is entered by a process that has the monitor's descriptors.
for fd in {3..24}; do
	outer --ro "$PLACE" -- "$CORDON" run -q --ro / --chdir /proc/self/fd/$fd -- sh -c 'pwd; ls -a; cat */cmdline' &&
		{ fail "the directory behind descriptor $fd of the monitor" "$(cat "$OUT")"; continue; }
	[ $fd != 24 ] || pass 'no start in a directory of the monitor'
done
outer --ro "$PLACE" -- "$CORDON" run -q --ro "$PLACE" --chdir "$PLACE/open" -- cat file
shown 'a start elsewhere'

# What is between a space and the one within it shows nothing of how the outer one was called.
outer --setenv=OURS=x -- bash -c 'for i in {1..8}; do "$0" run -q -- true; done & worker=$!
	while kill -0 $worker; do cat /proc/[0-9]*/cmdline; done 2>/dev/null | tr "\0" "\n" | grep -c "setenv=OUR[S]"' "$CORDON"
also 'no command line of ours' out_is 0

# A directory of one view is no way to names in another one, where they mean something else.
SOCKET=$PLACE/socket
address=unix:$PLACE/**
hand() { # DENIED INNER...: PLACE is handed from the space around to one within
	local denied=$1
	shift
	outer --rw "$PLACE" --allow-run="$PLACE" --allow=net.connect:"$address" --allow=net.listen:"$address" --deny=fs.read:"$denied" \
		--deny=fs.write:"$denied" -- "$PLACE/handing" "$SOCKET" "$PLACE" "$CORDON" run -q --allow=net.connect:'unix:/s/**' \
		--bind "$PLACE:/s" --allow-run=/s --allow='fs.*:/s/**' "$@"
}
hand "$PLACE/none" -- /s/handing /s/socket later/file
also 'names in a directory of the space around' [ "$(wc -c <"$OUT")" = 0 ]
hand "$PLACE/later/file*" --bind "$PLACE/open:$PLACE" --allow="fs.*:$PLACE/**" -- /s/handing /s/socket later/file
held 'likewise, under a rule for other files'
also 'none is made' [ ! -e "$PLACE/made" ]
# Natively it is one.
refresh
timeout -k 5 20 "$PLACE/handing" "$SOCKET" "$PLACE" "$PLACE/handing" "$SOCKET" later/file >"$OUT" 2>"$ERR"
also 'natively it is' [ "$(grep -c TOP-SECRET "$OUT")" = 3 ]
also 'and can be written to' [ -e "$PLACE/made" ]

# Requests of any bytes and any descriptors are refused, and hold nobody up.
outer --ro "$PLACE" --allow-run="$PLACE" -- bash -c '"$0/gate" 300 && "$1" run -q -- echo works' "$PLACE" "$CORDON"
also 'after requests that are none a proper one is heard' grep -qx works "$OUT"
also 'some of them were passed on' grep -qE '^[1-9][0-9]+ of 300 taken' "$OUT"

# What is private to it is not larger than it may be around it.
outer --limit=tmp_size=1M -- "$CORDON" run -q --limit=tmp_size=64M -- sh -c 'head -c 4M /dev/zero >/tmp/x; stat -c %s /tmp/x'
also 'no more memory than around' [ "$(cat "$OUT")" -le 1048576 ]
outer -- "$CORDON" run -q --limit=tmp_size=64M -- sh -c 'head -c 4M /dev/zero >/tmp/x; stat -c %s /tmp/x'
also 'as much as it says' out_is 4194304
rm -rf "$PLACE"
