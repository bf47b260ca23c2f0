# What scenario files share. Sourced by each; tests/run.sh sets T_* and a clean environment.
#
# same NAME [FLAG...] -- COMMAND...     natively and inside a space: same output, status and files left behind
# inside NAME STATUS [FLAG...] -- ...   inside only: this exit status; output in $OUT and $ERR for `also`
# also NAME CONDITION...                a further test of what `inside` left: a command that must succeed
# skip NAME REASON
# pass NAME, fail NAME [TEXT]           for tests of another shape
#
# A fixture (the function that $FIXTURE names) fills the scratch directory afresh before each run, at the same
# path for both, so that outputs can be compared byte for byte.
set -u
umask 022
export LC_ALL=C.UTF-8
CORDON=$T_ROOT/bin/cordon
[ "$T_BORDER" != nested ] || CORDON=$T_ROOT/bin/nested
SRC=$T_ROOT/src
WORK=$T_ROOT/work/$T_NAME
SCRATCH=$WORK/scratch
OUT=$WORK/out
ERR=$WORK/err
STDIN=/dev/null
FIXTURE=fixture_none
GUARD=90
NORMAL=cat # a filter over outputs, for what can never be equal (times, addresses); says so where it is set
TREE=1     # compare the files left behind
mkdir -p "$WORK"
cd "$WORK" || exit 1

fixture_none() { :; }

# A small tree with something of every kind.
fixture_tree() {
	mkdir -p a/b/c empty
	printf 'one\ntwo\nthree\n' >a/one
	printf 'b c\na b\nc a\n' >a/two
	seq 1 500 >a/b/numbers
	head -c 70000 /dev/zero | tr '\0' 'x' >a/b/large
	printf 'hidden\n' >a/.hidden
	printf '#!/bin/sh\necho script "$@"\n' >a/b/script
	chmod 755 a/b/script
	chmod 600 a/two
	ln -s one a/link
	ln -s nowhere a/dangling
	ln -s ../a/b linkdir
	ln a/one a/hard
	mkfifo a/fifo
	printf 'name with spaces\n' >'a/b/c/a name'
	# Or what was made in one tick of the clock, and what in the next, would change the order by time.
	find . -depth -exec touch -h -d '2021-05-06 07:08:09 UTC' {} +
	touch -d '2020-01-02 03:04:05 UTC' a/one a/b/numbers a/two
}

refresh() {
	chmod -R u+rwX "$SCRATCH" 2>/dev/null
	rm -rf "$SCRATCH"
	mkdir -p "$SCRATCH"
	(cd "$SCRATCH" && "$FIXTURE") || { echo "the fixture $FIXTURE failed"; exit 1; }
}

describe_tree() {
	(
		cd "$SCRATCH" || exit
		find . -printf '%P %y %m %U:%G %n %l' \( -type f -printf ' %s' -o -true \) -printf '\n' | LC_ALL=C sort
		find . -type f -size -2000k ! -name '*.pyc' -print0 | LC_ALL=C sort -z | xargs -0r sha256sum 2>/dev/null
	)
}

record() { printf '%s\n' "$*" >>"$T_RESULTS"; }
pass() { record "pass $T_NAME/$1"; }
skip() { record "skip $T_NAME/$1: $2"; }
# The block goes out at once, so that those of parallel files do not mix.
fail() {
	record "fail $T_NAME/$1"
	{
		flock 9
		printf 'FAIL %s/%s/%s\n' "$T_WHO" "$T_NAME" "$1"
		shift
		[ $# = 0 ] || printf '%s\n' "$@" | head -n 60 | cut -c 1-400 | sed 's/^/    /'
	} 9>>"$T_LOCK"
}
have() { command -v "$1" >/dev/null 2>&1; }

# Builds a test program: program NAME [CC FLAG...] -> $WORK/bin/NAME
program() {
	local name=$1
	shift
	mkdir -p "$WORK/bin"
	[ ! -x "$WORK/bin/$name" ] || return 0
	gcc -std=gnu11 -Wall -O1 -o "$WORK/bin/$name" "$SRC/${T_PROGRAMS:-scenarios/programs}/$name.c" "$@" -pthread \
		>"$WORK/cc.out" 2>&1 && return 0
	fail "build $name" "$(grep -E "error|undefined" "$WORK/cc.out" | head)"
	return 1
}

run_native() {
	(cd "$SCRATCH" && HOME=$SCRATCH exec setsid -w timeout -k 10 $GUARD "$@") \
		<"$STDIN" >"$WORK/native.out" 2>"$WORK/native.err"
}

# The scratch directory is granted, to work in and to run what was built there.
run_inside() {
	(cd "$SCRATCH" && exec timeout -k 10 $GUARD "$CORDON" run -q --rw "$SCRATCH" --allow-run="$SCRATCH" \
		--chdir "$SCRATCH" --setenv HOME="$SCRATCH" "$@") <"$STDIN" >"$WORK/inside.out" 2>"$WORK/inside.err"
}

# What the monitor denied, to explain a difference.
explain() {
	refresh
	(cd "$SCRATCH" && timeout -k 10 $GUARD "$CORDON" run --rw "$SCRATCH" --allow-run="$SCRATCH" \
		--chdir "$SCRATCH" --setenv HOME="$SCRATCH" "$@") <"$STDIN" 2>&1 >/dev/null | grep -a '^cordon:' | head -n 12
}

same() {
	local name=$1 native inside part flags=() text
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do flags+=("$1"); shift; done
	shift
	refresh
	run_native "$@"
	native=$?
	[ "$TREE" = 0 ] || describe_tree >"$WORK/native.tree"
	refresh
	run_inside "${flags[@]}" -- "$@"
	inside=$?
	[ "$TREE" = 0 ] || describe_tree >"$WORK/inside.tree"
	text=
	[ $native = $inside ] || text="exit status: natively $native, inside $inside"$'\n'
	for part in out err; do
		$NORMAL <"$WORK/native.$part" >"$WORK/native.cmp"
		$NORMAL <"$WORK/inside.$part" >"$WORK/inside.cmp"
		cmp -s "$WORK/native.cmp" "$WORK/inside.cmp" ||
			text+="std$part differs (< native, > inside):"$'\n'"$(diff -a "$WORK/native.cmp" "$WORK/inside.cmp" | head -n 20)"$'\n'
	done
	[ "$TREE" = 0 ] || cmp -s "$WORK/native.tree" "$WORK/inside.tree" ||
		text+="files differ (< native, > inside):"$'\n'"$(diff -a "$WORK/native.tree" "$WORK/inside.tree" | head -n 20)"$'\n'
	# 124 and 137 are timeout's: both hanging alike proves nothing.
	case $native in 124) text+="hangs natively as well"$'\n' ;; esac
	if [ -z "$text" ]; then
		pass "$name"
	else
		fail "$name" "command: $*" "$text" "$(explain "${flags[@]}" -- "$@")"
	fi
}

inside() {
	local name=$1 want=$2 got
	shift 2
	refresh
	run_inside "$@"
	got=$?
	cp "$WORK/inside.out" "$OUT"
	cp "$WORK/inside.err" "$ERR"
	if [ $got = "$want" ]; then
		pass "$name"
	else
		fail "$name" "command: $*" "exit status $got, not $want" "$(head -n 20 "$OUT" "$ERR")"
	fi
}

also() {
	local name=$1
	shift
	if "$@"; then
		pass "$name"
	else
		fail "$name" "not so: $*" "$(head -c 3000 "$OUT")" "$(head -c 3000 "$ERR")"
	fi
}
out_is() { [ "$(cat "$OUT")" = "$1" ]; }
out_has() { grep -aqE -- "$1" "$OUT"; }
err_has() { grep -aqE -- "$1" "$ERR"; }
err_lines() { [ "$(wc -l <"$ERR")" = "$1" ]; }
