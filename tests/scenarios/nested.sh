# Spaces within spaces: every layer decides, each ends with the one around it, and the depth does not matter.
. "$(dirname "$0")/lib.sh"
GUARD=60
fixture_nested() {
	mkdir -p open shut
	echo open >open/file
	echo shut >shut/file
	echo secret >shut/secret
}
FIXTURE=fixture_nested
NEST=(--allow='space.create:*' --ro "$CORDON")
HERE=$SCRATCH

# around [FLAG...] -- COMMAND...: a space that lets others be made in it
refresh
nest() { # NAME STATUS OUTER... -- INNER... -- COMMAND...
	local name=$1 status=$2 outer=()
	shift 2
	while [ "$1" != -- ]; do outer+=("$1"); shift; done
	shift
	refresh
	(cd "$SCRATCH" && exec timeout -k 5 $GUARD "$CORDON" run "${NEST[@]}" "${outer[@]}" -- "$CORDON" run "$@") \
		<"$STDIN" >"$OUT" 2>"$ERR"
	local got=$?
	if [ $got = "$status" ]; then pass "$name"; else fail "$name" "exit status $got, not $status" "$(cat "$OUT" "$ERR")"; fi
}

nest 'a program in a space in a space' 7 --  -- sh -c 'echo deep; exit 7'
also 'its output' out_is deep
refresh
(cd "$SCRATCH" && timeout -k 5 $GUARD "$CORDON" run --ro "$CORDON" -- "$CORDON" run -q --name=inner -- true) >"$OUT" 2>"$ERR"
also 'not without a rule' [ $? = 125 ]
also 'the inner one says so' err_has '^cordon: the policy around this space does not let inner be made within it; --allow=space.create:inner'
also 'so does the outer one' err_has '^cordon: denied space.create inner: no rule'

# Every layer can only take away.
nest 'what both grant' 0 --rw "$HERE" -- --rw "$HERE" -- sh -c "echo x >$HERE/open/new && cat $HERE/open/file"
also 'is there' [ -s "$SCRATCH/open/new" ]
nest 'what the outer one lets be read, the inner one cannot let be written' 2 --ro "$HERE" -- --rw "$HERE" -- sh -c "echo x >$HERE/open/file"
also 'the file is as it was' grep -q open "$SCRATCH/open/file"
nest 'what the outer one does not show is not there' 1 --ro "$HERE/open" -- --ro / -- cat "$HERE/shut/file"
nest 'what the outer one denies within a grant' 1 --rw "$HERE" --deny-read="$HERE/shut" -- --rw "$HERE" -- cat "$HERE/shut/file"
nest 'a name that comes to be later' 1 --rw "$HERE" --deny=fs.read:"$HERE/later" -- --rw "$HERE" -- sh -c "echo x >$HERE/later; cat $HERE/later"
nest 'what the inner one denies' 1 --rw "$HERE" -- --rw "$HERE" --deny-read="$HERE/shut" -- cat "$HERE/shut/file"
nest 'under another name the outer rules hold' 2 --rw "$HERE" --deny-write="$HERE/shut" -- --bind "$HERE:/src" -- sh -c 'cat /src/open/file; echo x >/src/open/a; echo x >/src/shut/a'
also 'what they allow is done' [ -e "$SCRATCH/open/a" ]
also 'what they deny is not' [ ! -e "$SCRATCH/shut/a" ]
nest 'programs that the outer one does not let run' 126 --ro "$HERE" --deny-run="$HERE" -- --ro "$HERE" -- "$HERE/open/file"
nest 'a directory that the outer one keeps in its place' 1 --rw "$HERE" --deny-read="$HERE/shut/secret" -- --rw "$HERE" -- mv "$HERE/shut" "$HERE/moved"
nest 'tracing' 1 -- --allow=proc.trace:space -- sh -c 'command -v strace >/dev/null || exit 1; strace -o /dev/null true'

# However many lie between: what the outermost one denies, also under the names that those in between give it.
nest3() { # NAME STATUS OUTERMOST... -- MIDDLE... -- INNERMOST... -- COMMAND...
	local name=$1 status=$2 outer=() middle=()
	shift 2
	while [ "$1" != -- ]; do outer+=("$1"); shift; done
	shift
	while [ "$1" != -- ]; do middle+=("$1"); shift; done
	shift
	nest "$name" "$status" "${outer[@]}" -- -q "${NEST[@]}" "${middle[@]}" -- "$CORDON" run "$@"
}
nest3 'a file that the outermost of three denies' 1 --rw "$HERE" --deny-read="$HERE/shut/secret" -- --rw "$HERE" -- --rw "$HERE" -- cat "$HERE/shut/secret"
nest3 'one that it does not' 0 --rw "$HERE" --deny-read="$HERE/shut/secret" -- --rw "$HERE" -- --rw "$HERE" -- cat "$HERE/shut/file"
nest3 'writing it' 2 --rw "$HERE" --deny-write="$HERE/shut" -- --rw "$HERE" -- --rw "$HERE" -- sh -c "echo x >$HERE/shut/secret"
nest3 'a name that comes to be later' 1 --rw "$HERE" --deny=fs.read:"$HERE/later" -- --rw "$HERE" -- --rw "$HERE" -- sh -c "echo x >$HERE/later; cat $HERE/later"
nest3 'under other names on the way' 1 --rw "$HERE" --deny-read="$HERE/shut/secret" -- --bind "$HERE:/src" -- --bind /src:/in -- cat /in/shut/secret
nest3 'programs that the outermost does not let run' 126 --ro "$HERE" --deny-run="$HERE" -- --ro "$HERE" -- --ro "$HERE" -- "$HERE/open/file"
nest3 'moving a directory that it keeps in its place' 1 --rw "$HERE" --deny-read="$HERE/shut/secret" -- --rw "$HERE" -- --rw "$HERE" -- mv "$HERE/shut" "$HERE/moved"

# Each its own.
nest 'its own /tmp' 0 -- -- sh -c 'touch /tmp/x; test -e /tmp/x'
nest 'its own processes' 0 -- -- sh -c 'test "$(ls -d /proc/[0-9]* | wc -l)" -le 6'
nest 'its own name' 0 -- --name=within -- hostname
also 'which it says' out_is within
nest 'no capability' 0 -- -- grep -c '^Cap.*0000000000000000$' /proc/self/status
also 'of any sort' out_is 5

# deep DEPTH COMMAND...
deep() {
	local depth=$1 cmd
	shift
	cmd=("$@")
	for ((i = 1; i < depth; i++)); do cmd=("$CORDON" run -q "${NEST[@]}" -- "${cmd[@]}"); done
	(cd "$SCRATCH" && exec timeout -k 5 $GUARD "$CORDON" run -q "${NEST[@]}" -- "${cmd[@]}")
}
for depth in 3 8 32 40; do
	deep $depth sh -c 'echo deep; exit 9' >"$OUT" 2>"$ERR"
	[ $? = 9 ] && grep -qx deep "$OUT" && pass "depth $depth" || fail "depth $depth" "$(cat "$OUT" "$ERR")"
done

# What is below ends with what is above it, whoever is killed.
MARK=7$$
left() { pgrep -f "sleep $MARK" | wc -l; }
for victim in init asker; do
	: >"$OUT"
	deep 4 sh -c "echo up; exec sleep $MARK" >"$OUT" 2>"$ERR" &
	for _ in {1..600}; do grep -q up "$OUT" && break; sleep 0.05; done
	case $victim in
	# Its parent is a monitor, whose parent is the keeper. Other files have such, too.
	init) mapfile -t pids < <(pgrep -P "$(pgrep -d, -P "$(pgrep -o -f "^$CORDON run.*sleep $MARK")")" -f cordon-init) ;;
	asker) pids=($(pgrep -u "$(id -u)" -f "$CORDON run -q .* sleep $MARK" | sed -n 3p)) ;;
	esac
	kill -9 "${pids[0]}" 2>/dev/null
	wait
	for _ in {1..60}; do [ "$(left)" = 0 ] && break; sleep 0.05; done
	[ "$(left)" = 0 ] && pass "nothing is left when $victim is killed" || fail "nothing is left when $victim is killed" "$(pgrep -af "sleep $MARK")"
done

# A space that lives long, and makes many: nothing is kept of those that have ended, but of the last one.
: >"$OUT"
(cd "$SCRATCH" && exec timeout -k 5 $GUARD "$CORDON" run -q "${NEST[@]}" -- bash -c 'for i in {1..6}; do "$0" run -q -- true; done; echo up; while read -r; do "$0" run -q -- true; done' "$CORDON") \
	< <(while sleep 0.5; do echo; done) >"$OUT" 2>"$ERR" &
for _ in {1..600}; do grep -q up "$OUT" && break; sleep 0.05; done
keeper=$(pgrep -P $! -f "^$CORDON run")
for _ in {1..200}; do # on a busy machine some may not have been looked at yet
	dead=$(for pid in $keeper $(pgrep -P "$keeper"); do ps -o stat= --ppid "$pid"; done | grep -c '^Z')
	[ "$dead" -gt 1 ] || break
	sleep 0.05
done
[ "$dead" -le 1 ] && pass 'no dead process is kept' || fail 'no dead process is kept' "$dead of them"
kill $!
wait
