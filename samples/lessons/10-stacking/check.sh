# Lesson 10: spaces in spaces, 1 to 8 deep. Whose rules hold, and what do the layers cost?
. "$(dirname "$0")/../lib.sh"
DATA=$PWD/data
mkdir data
echo file >data/file
echo secret >data/secret

# stack DEPTH TAKEN COMMAND...: COMMAND in the innermost of DEPTH spaces, of which those from TAKEN on are an attacker's
stack() {
	depth=$1 taken=$2 layer=$1
	shift 2
	while [ "$layer" -ge 1 ]; do
		if [ "$layer" -ge "$taken" ]; then options="--rw=$DATA"; else options=$(sh "$PROGRAM" "$layer" "$depth" "$DATA"); fi
		# One option to a line: neither the folder's name nor the student's options hold blanks.
		# shellcheck disable=SC2086
		set -- "$CORDON" run -q --allow='space.create:*' --ro "$CORDON" --ro "$BIN" $options -- "$@"
		layer=$((layer - 1))
	done
	bounded "$@" >out 2>err
}
reads() { stack "$1" 99 cat "$DATA/file"; grep -qx file out; }
told() { stack "$1" "$2" cat "$DATA/secret"; grep -q secret out; }
wrote() { stack "$1" "$2" sh -c "echo x >$DATA/file"; ! grep -qx file data/file; }

within() { bounded "$CORDON" run -q --allow='space.create:*' --ro "$CORDON" -- "$CORDON" run -q -- true 2>err; }
needs 'a space can be made within a space' within

work 'the program reads the file, in one space' reads 1
work 'and in the third of three' reads 3
attack 'it reads the secret' told 3 99
attack 'the innermost layer is an attacker'\''s, and the program reads the secret' told 3 3
attack 'all but the outermost are' told 3 2
attack 'and it writes the file' wrote 3 2
[ -z "${QUICK:-}" ] || verdict

# Settled: what all of a tree is granted for, Linux allows by itself. Mediated: where one name of the tree is denied,
# a monitor is asked, and so are the layers around it.
settled=/usr/bin/env
note "nanoseconds for open and close    natively: $("$BIN/measure" $settled)"
note 'depth   settled  mediated'
for depth in 1 2 3 4 5 6 7 8; do
	stack $depth 99 "$BIN/measure" $settled "$DATA/file"
	read -r one other <out
	note "$(printf '%5d %9s %9s  %s' $depth "$one" "$other" "$(printf '%*s' $((${other%-} / 1000)) '' | cut -c 1-60 | tr ' ' '#')")"
done
verdict
