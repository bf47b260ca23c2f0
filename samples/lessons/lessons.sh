#!/bin/sh
# The lessons' self-checks.
#
# usage: sh samples/lessons/lessons.sh BUILD                 every lesson, verified as below
#        sh samples/lessons/lessons.sh BUILD LESSON          one lesson, likewise; LESSON is its number: 4
#        sh samples/lessons/lessons.sh BUILD LESSON FILE     FILE, your work, against the lesson's self-check
#
# To verify a lesson is to show that its self-check can tell: it must let the solution pass, find the attack in the
# starting point, and find the work undone where a program does nothing at all.
#
# CORDON=PATH: another cordon than BUILD/cordon. Exit status: 0 as it should be, 1 not, 2 the arguments are wrong.
set -u
lessons=$(cd "$(dirname "$0")" && pwd) || exit 1
case ${1:-} in '' | -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" | sed '$d'; exit 2 ;; esac
build=$(cd "$1" && pwd) || exit 2
CORDON=${CORDON:-$build/cordon}
export CORDON
for needed in "$CORDON" "$build/libcordon.a"; do
	[ -f "$needed" ] || { echo "lessons: $needed is not there: make" >&2; exit 1; }
done

# Not below /tmp, of which each space has its own.
place=$(mktemp -d /var/tmp/cordon-lessons.XXXXXX 2>/dev/null || mktemp -d) || exit 1
trap 'rm -rf "$place"' EXIT
trap 'exit 1' HUP INT TERM

# With libcordon, for who asks for it: nesters are ordinary programs.
compile() { # SOURCE TARGET
	"${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -I"$lessons" -I"$HERE" -I"$lessons/../../include" "$1" -o "$2" \
		"$build/libcordon.a" -pthread -lm
}

# The programs of a lesson that are not for the student to write.
prepare() { # FOLDER
	BIN=$place/bin
	HERE=$1
	export BIN HERE
	rm -rf "$BIN"
	mkdir -p "$BIN" || exit 1
	for source in "$1"/*.c; do
		name=$(basename "$source" .c)
		case $name in start | solution | '*') continue ;; esac
		compile "$source" "$BIN/$name" || exit 1
	done
}

check() { # FILE: the self-check's exit status
	case $1 in
	*.c) PROGRAM=$place/program; compile "$1" "$PROGRAM" || return 2 ;;
	*.sh) PROGRAM=$1 ;;
	*) echo "lessons: $1 is neither a .c nor an .sh file" >&2; exit 2 ;;
	esac
	export PROGRAM
	rm -rf "$place/work"
	mkdir "$place/work" || exit 1
	(cd "$place/work" && exec sh "$HERE/check.sh")
}

folder_of() { # NUMBER
	number=$(printf '%02d' "${1#0}" 2>/dev/null)
	for folder in "$lessons/$number"-*/; do
		[ -f "$folder/check.sh" ] && { echo "${folder%/}"; return; }
	done
	echo "lessons: there is no lesson $1" >&2
	exit 2
}

expect() { # WHAT FILE STATUS: fails where the machine lacks what the lesson needs
	QUICK=1
	[ "$3" != 0 ] || QUICK=
	export QUICK
	check "$2" >"$place/output" 2>&1
	got=$?
	if [ $got = 4 ]; then
		sed -n 's/^ *NOT HERE/  skip/p' "$place/output"
		return 1
	fi
	if [ "$3" = 0 ] || [ $got != "$3" ]; then cat "$place/output"; fi
	if [ $got = "$3" ]; then
		echo "  ok   $1"
	else
		echo "  FAIL $1: exit status $got, not $3"
		failed=$((failed + 1))
	fi
	return 0
}

verify() { # FOLDER
	echo "$(basename "$1"): $(sed -n '1s/^# //p' "$1/README.md")"
	prepare "$1"
	kind=c
	[ -f "$1/solution.c" ] || kind=sh
	nothing=$place/nothing.$kind
	if [ $kind = c ]; then echo 'int main(void) { return 0; }' >"$nothing"; else echo 'exit 0' >"$nothing"; fi
	expect "solution.$kind passes" "$1/solution.$kind" 0 || return
	expect "start.$kind: the attack succeeds, and the check says so" "$1/start.$kind" 1
	expect "a program that does nothing does not pass" "$nothing" 2
}

failed=0
case $# in
1) for folder in "$lessons"/[0-9]*/; do verify "${folder%/}"; done ;;
2) folder=$(folder_of "$2") || exit 2; verify "$folder" ;;
3)
	folder=$(folder_of "$2") || exit 2
	file=$(cd "$(dirname "$3")" && pwd)/$(basename "$3")
	[ -f "$file" ] || { echo "lessons: $3 is not there" >&2; exit 2; }
	prepare "$folder"
	check "$file"
	case $? in
	0) echo "passed: the work is done, and no attack succeeds" ;;
	1) echo "not passed: an attack succeeds"; failed=1 ;;
	2) echo "not passed: the work is not done"; failed=1 ;;
	4) echo "this machine, or this user, lacks what the lesson needs"; failed=1 ;;
	*) echo "the lesson does not work here"; failed=1 ;;
	esac
	;;
*) sh "$0" --help; exit 2 ;;
esac
[ $failed = 0 ]
