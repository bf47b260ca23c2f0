# Lesson 7: how many bits a second pass between two spaces that share a file?
. "$(dirname "$0")/../lib.sh"
echo 'aardvark: a mammal of Africa' >dictionary

# leak CHANNEL BITS MILLISECONDS [COMMAND...]: the sender is run by COMMAND, or as PROGRAM would. Who is not there when
# the first slot begins gets another chance, with more time.
leak() {
	channel=$1 bits=$2 slot=$3
	shift 3
	[ $# != 0 ] || set -- sh "$PROGRAM" "$CORDON" "$PWD/dictionary"
	for head_start in 0.8 2 5; do
		when=$(awk -v d=$head_start '{ print $1 + d }' /proc/uptime)
		bounded sh "$PROGRAM" "$CORDON" "$PWD/dictionary" \
			"$BIN/leak" receive "$channel" "$PWD/dictionary" "$bits" "$slot" "$when" >out 2>err &
		bounded "$@" "$BIN/leak" send "$channel" "$PWD/dictionary" "$bits" "$slot" "$when" 2>>err
		wait
		grep -q 'too late' err || break
	done
	cat out
}
readable() { bounded sh "$PROGRAM" "$CORDON" "$PWD/dictionary" cat "$PWD/dictionary" >out 2>err && cmp -s out dictionary; }
writable() { bounded sh "$PROGRAM" "$CORDON" "$PWD/dictionary" sh -c 'echo x >dictionary' 2>err; ! grep -q aardvark dictionary; }
# More than a twentieth of what the slots could carry.
heard() { leak lock 100 10 >lock; awk '/capacity/ { got = $6 } END { exit !(got > 5) }' lock; }

in_place() { echo other >other; bounded "$CORDON" run -q --ro-bind="$PWD/other:$PWD/dictionary" -- cat "$PWD/dictionary" >out 2>err; grep -qx other out; }
needs 'a file can be shown in the place of another' in_place

work 'the dictionary can be read' readable
attack 'it can be changed' writable
attack 'one space hears another by the lock on a file that both may only read' heard
[ -z "${QUICK:-}" ] || verdict
note "by the lock, 100 slots a second: $(cat lock)"
note "by the load of a processor, 25 slots a second: $(leak cpu 40 40)"
note "the same, the sender held to a tenth of one: $(leak cpu 40 40 "$CORDON" run -q --limit=cpu_percent=10 --)"
verdict
