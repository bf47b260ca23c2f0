# Terminals: one of the space's own, job control in it, and the user's, as it was afterwards.
. "$(dirname "$0")/lib.sh"
for needed in python3 script ps; do
	have $needed || { skip terminal "$needed is not installed"; exit 0; }
done

# programs/terminal.py plays the user, at a terminal that it makes.
refresh
while IFS= read -r line; do
	case $line in
	'pass '*) pass "${line#pass }" ;;
	'skip '*) name=${line#skip } && skip "${name%%$'\t'*}" "${name#*$'\t'}" ;;
	'fail '*) name=${line#fail } && fail "${name%%$'\t'*}" "${name#*$'\t'}" ;;
	*) fail 'playing the user' "$line" ;;
	esac
done < <(cd "$SCRATCH" && timeout -k 5 300 python3 "$SRC/scenarios/programs/terminal.py" "$CORDON" "$SCRATCH" 2>&1 </dev/null)
