# A space of an ordinary user who can make no namespace: what bounds it, and that nothing of it is left.
. "$(dirname "$0")/lib.sh"
[ "$T_WHO" != root ] || exit 0
have gcc || { skip bare 'gcc is not installed'; exit 0; }
program bare || exit 0
export CORDON_WITHOUT=userns
# Its own, for folders of others' spaces come and go where all of them are.
export XDG_RUNTIME_DIR=$WORK/runtime
base=$XDG_RUNTIME_DIR
mkdir -p -m 700 "$base"
"$CORDON" run -q -- true 2>"$ERR" || { skip bare "$(head -n 1 "$ERR")"; exit 0; }
outside=$(mktemp -d /var/tmp/cordon-tests.XXXXXX)
printf 'the secret\n' >"$outside/secret"
fixture_bare() {
	fixture_tree
	cp "$WORK/bin/bare" .
}
FIXTURE=fixture_bare

# ---- others ----
setsid bash -c 'trap "echo hit >>$0" URG; while :; do sleep 0.05; done' "$WORK/hits" &
victim=$!
/usr/bin/python3 - "$WORK/shm" <<'P' 2>/dev/null
import ctypes, sys
libc = ctypes.CDLL(None)
open(sys.argv[1], "w").write(str(libc.shmget(0x636f7264, 4096, 0o1600)))
P
trap 'kill -KILL $victim; ipcrm -m "$(cat "$WORK/shm")"; rm -rf "$outside"' EXIT
sleep 0.3

# held WAY [OTHER]: natively it works, or proves nothing; inside it does not
held() {
	local way=$1 native
	rm -f "$WORK/hits"
	case $way in everybody | user | limits | affinity | priority) native=0 ;; *)
		# What is shown of the victim's memory is of another's; what it answers by, of this one's.
		(exec setpriv --no-new-privs "$WORK/bin/bare" "$way" $victim "${2:-}") >"$OUT" 2>&1
		native=$? ;;
	esac
	[ $native = 0 ] || { skip "held: $way" "this machine refuses it anyway: $(cat "$OUT")"; return; }
	case $way in kill | group | tkill | tgkill | queue | owner | pidfd | dir)
		for _ in {1..100}; do [ -e "$WORK/hits" ] && break; sleep 0.1; done
		also "it hits natively: $way" test -e "$WORK/hits" ;;
	esac
	rm -f "$WORK/hits"
	inside "held: $way" 1 -- ./bare "$way" $victim "${2:-}"
	sleep 0.2
	also "nothing was done: $way" test ! -e "$WORK/hits"
}
for way in kill group tkill tgkill queue owner pidfd dir priority user limits affinity trace environ cmdline root mounts network listen netlink; do
	held $way
done
held ownroot
held memory 0x1000
held dots "$outside/secret"
[ "$(cat "$WORK/shm" 2>/dev/null || echo -1)" = -1 ] || held shm 0x636f7264
before=$(ps -o ni=,cls= -p $victim; cat /proc/$victim/limits)
inside 'everybody is the space' 1 -- ./bare everybody 0
also 'the victim is as it was' test "$before" = "$(ps -o ni=,cls= -p $victim; cat /proc/$victim/limits)"
also 'and was not hit' test ! -e "$WORK/hits"

# ---- its own ----
inside 'its own processes can be signalled' 0 -- bash -c 'sleep 100 & p=$!; kill -0 $p && kill $p; wait $p; [ $? = 143 ] || exit 1
	set -m; (sleep 100 | sleep 100) & sleep 0.3; kill -KILL -- -$!; wait $!; [ $? = 137 ] || exit 2; kill -URG 0; kill -URG $$; exit 0'
inside 'kill -1 reaches all of them' 0 -- bash -c 'setsid sleep 100 & p=$!; sleep 0.3; kill -TERM -1; wait $p; [ $? = 143 ]'
inside 'the names of what is private' 0 -- bash -c 'cd "$TMPDIR" && mkdir x && cd x && echo text >y && [ "$(cat /tmp/x/y)" = text ] && cd .. && ls -A | grep -qx x && cd / && ls -A /tmp | grep -qx x'
inside 'nothing of the folder but that' 1 -- bash -c 'ls "${TMPDIR%/*}" || cat "${TMPDIR%/*}/root/etc/passwd"'
inside 'what is read-only stays so' 0 --ro "$outside" --allow-write="$outside/new" -- bash -c "! echo x >$outside/secret && ! touch $outside/secret && cat $outside/secret"
also 'and is read' out_is 'the secret'

# ---- what cannot be ----
refused() { # refused NAME PATTERN FLAG... -- COMMAND
	local name=$1 pattern=$2
	shift 2
	inside "$name" 125 "$@"
	also "$name: a clear line" err_has "$pattern"
	also "$name: nothing left" test -z "$(find "$base" -maxdepth 1 -user "$(id -un)" -name 'cordon-??????' -newer "$WORK/shm" 2>/dev/null)"
}
refused 'another place' "/elsewhere: something else shown in its place takes user namespaces" --bind "$outside:/elsewhere" -- true
CORDON_WITHOUT=userns,landlock refused 'and without Landlock' 'without Landlock' -- true

# ---- the end ----
left() { pgrep -f "$1" >/dev/null; }
gone() { for _ in {1..50}; do left "$1" || return 0; sleep 0.1; done; return 1; }
n=3$$
inside 'what it leaves behind ends with it' 5 -- bash -c "setsid sleep $n & (setsid bash -c 'setsid sleep $n & sleep $n' &) ; trap '' TERM HUP; sleep $n & sleep 0.3; exit 5"
also 'nothing is left' gone "sleep $n"
inside 'a fork bomb, too' 0 -- bash -c "bomb() { [ \$(pgrep -c . 2>/dev/null || echo 0) -gt 400 ] && return; (bomb & sleep $n & bomb &) ; }; (for i in {1..60}; do setsid bash -c 'while :; do setsid sleep $n & sleep 0.01; done' & done); sleep 1; exit 0"
also 'nothing is left of it' gone "sleep $n"
# end WHOM: kills the monitor, init or keeper of a space that runs
end() {
	local whom=$1 keeper monitor init target
	(cd "$SCRATCH" && exec "$CORDON" run -q --rw "$SCRATCH" -- bash -c "setsid sleep $n & sleep $n") </dev/null >/dev/null 2>&1 &
	keeper=$!
	for _ in {1..50}; do [ "$(pgrep -fc "sleep $n")" -ge 2 ] && break; sleep 0.1; done
	monitor=$(pgrep -P $keeper | head -n 1)
	init=$(pgrep -P "$monitor" | head -n 1)
	case $whom in keeper) target=$keeper ;; monitor) target=$monitor ;; init) target=$init ;; esac
	also "$whom: there is one" test -n "$target"
	kill -KILL "$target"
	also "$whom killed: nothing is left" gone "sleep $n"
	wait $keeper 2>/dev/null
	# Who is killed removes nothing.
	[ $whom != keeper ] || find "$base" -maxdepth 1 -user "$(id -un)" -name 'cordon-??????' -newer "$started" -exec rm -rf {} + 2>/dev/null
}
refresh
started=$(mktemp "$WORK/mark.XXXXXX")
for whom in monitor init keeper; do end $whom; done

# ---- what it leaves on the disk ----
cat >"$WORK/deep.py" <<'P'
import os
os.chdir("/tmp")
os.chdir(os.environ["TMPDIR"])
# Each time one level more, above all that are there: deeper than any name is long.
os.mkdir("a"); open("a/x", "w").close()
for i in range(600):
    os.makedirs("b/" + "d" * 250); os.rename("a", "b/" + "d" * 250 + "/a"); os.rename("b", "a")
os.mkdir("closed"); open("closed/x", "w").close(); os.chmod("closed", 0)
os.symlink("/", "link")
P
mark=$(mktemp "$WORK/mark.XXXXXX")
[ ! -x /usr/bin/python3 ] || {
	inside 'a tree as deep as can be' 0 --ro "$WORK" -- /usr/bin/python3 "$WORK/deep.py"
	also 'is removed' test -z "$(find "$base" -maxdepth 1 -user "$(id -un)" -name 'cordon-??????' -newer "$mark")"
}
