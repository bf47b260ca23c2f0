# Files that are no programs: the status is 126 or 127, or what they do natively; there is a clear line, and the
# space stays usable.
. "$(dirname "$0")/lib.sh"
[ -x /usr/bin/python3 ] || { skip hostile 'python3 is not installed'; exit 0; }
mkdir -p "$WORK/elf"
/usr/bin/python3 "$SRC/scenarios/programs/make_elf.py" "$WORK/elf" || { fail 'make the files'; exit 1; }
fixture_elf() { ln "$WORK"/elf/* .; }
FIXTURE=fixture_elf
ulimit -c 0

count=0
for file in "$WORK"/elf/*; do
	name=$(basename "$file")
	count=$((count + 1))
	refresh
	# What Linux makes of the file, started by something that does not take it for a script.
	run_native /usr/bin/python3 -c '
import os, signal, sys
for n in range(1, 65):
    try: signal.signal(n, signal.SIG_DFL)
    except (OSError, ValueError): pass
pid = os.fork()
if pid == 0:
    try: os.execv(sys.argv[1], [sys.argv[1]])
    except OSError as e: os._exit(127 if e.errno in (2, 20) else 126)
s = os.waitpid(pid, 0)[1]
sys.exit(os.WEXITSTATUS(s) if os.WIFEXITED(s) else 128 + os.WTERMSIG(s))' "./$name"
	native=$?
	run_inside -- "./$name"
	inside=$?
	# With an absurd alignment Linux maps it at 0, for which root outside has the capability.
	case $name in load*-align-*) [ $inside != 139 ] || native=139 ;; esac
	# What Linux kills while it is being started, cordon may refuse before.
	if [ $inside != $native ] && ! { [ $native -ge 128 ] && [ $inside = 126 ]; }; then
		fail "$name" "status: natively $native, inside $inside" "$(cat "$WORK/inside.err")"
	elif { [ $inside = 126 ] || [ $inside = 127 ]; } && [ "$(grep -c '^cordon: ' "$WORK/inside.err")" != 1 ]; then
		fail "$name" 'no clear line' "$(cat "$WORK/inside.err")"
	else
		pass "$name"
	fi
done
# All of them from within one space, which must live through it.
inside 'all of them in one space' 0 -- bash -c 'ulimit -c 0; for f in *; do ./"$f"; done >/dev/null 2>&1; /bin/echo alive'
also 'the space lives' out_is alive
[ $count -ge 40 ] || fail 'there are files' "only $count"
