# What the self-checks share. Sourced by each NN-*/check.sh, which lessons.sh starts in an empty directory with
#
#   PROGRAM  what is checked: a program built from a .c file, or an .sh file
#   BIN      the lesson's other programs, built
#   HERE     the lesson's folder
#   CORDON   cordon
#   QUICK    when set: what is only measured may be left out
#
# shown NAME COMMAND...   a fact that does not depend on PROGRAM, such as that an attack works on what it should work on
# needs NAME COMMAND...   likewise, but a machine may be without
# work NAME COMMAND...    COMMAND must succeed: PROGRAM does what it is there for. If not, the check ends
# attack NAME COMMAND...  COMMAND must fail: it succeeds when the attacker got what he wants
# note TEXT               something measured
# verdict                 the last line of a check: its exit status is
#   0 the work is done and no attack succeeds   1 an attack succeeded   2 the work is not done   3 the lesson does not work here
#   4 this machine, or this user, lacks what it needs
set -u
LIMIT=${LIMIT:-20}
attacked=0

bounded() { timeout -k 1 "$LIMIT" "$@"; }
explain() { [ ! -s err ] || head -n 4 err | cut -c 1-200 | sed 's/^/           /'; }

note() { printf '    %-9s %s\n' 'measured' "$*"; }
shown() {
	label=$1
	shift
	if "$@"; then
		printf '    %-9s %s\n' shown "$label"
	else
		printf '    %-9s %s\n' BROKEN "$label: this must hold whatever you write; does the lesson work on this machine?"
		explain
		exit 3
	fi
}
needs() {
	label=$1
	shift
	"$@" || {
		printf '    %-9s %s\n' 'NOT HERE' "$label: not so on this machine"
		exit 4
	}
}
work() {
	label=$1
	shift
	if "$@"; then
		printf '    %-9s %s\n' done "$label"
	else
		printf '    %-9s %s\n' 'NOT DONE' "$label"
		explain
		exit 2
	fi
}
attack() {
	label=$1
	shift
	if "$@"; then
		printf '    %-9s %s\n' SUCCEEDS "attack: $label"
		attacked=1
	else
		printf '    %-9s %s\n' fails "attack: $label"
	fi
}
verdict() {
	exit $attacked
}
