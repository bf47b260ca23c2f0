# Lesson 9: does the program get the file that was checked?
. "$(dirname "$0")/../lib.sh"
mkdir files
echo 'anybody may read this' >files/1
echo 'secret' >files/2

monitor() { bounded "$PROGRAM" "$PWD/files/1" "$@" >out 2>err; }
opened() { monitor "$BIN/racer" open "$PWD/files/1" && grep -q anybody out; }
# A monitor that continues loses after some thousand tries at most; in two seconds there are hundreds of thousands.
raced() { monitor "$BIN/racer" race "$PWD/files/1" "$PWD/files/2" 2; }
against_cordon() {
	bounded "$CORDON" run -q --ro "$PWD/files" --deny-read="$PWD/files/2" -- \
		"$BIN/racer" race "$PWD/files/1" "$PWD/files/2" 1 >cordon.out 2>err
}

work 'a program can open what it may' opened
attack 'it opens what it may not' monitor "$BIN/racer" open "$PWD/files/2"
attack 'it goes around: files/../files/2' monitor "$BIN/racer" open "$PWD/files/../files/2"
attack 'it says one name and, when that was checked, another' raced
note "in the race, $(cat out)"
[ -n "${QUICK:-}" ] || attack 'the same against cordon' against_cordon
verdict
