# Descriptors above the standard streams: none, but those that --fd names.
. "$(dirname "$0")/lib.sh"
[ -x /usr/bin/python3 ] || { skip descriptors 'python3 is not installed'; exit 0; }
# Which are open above 2, and what can be read from each: without opening any.
cat >"$WORK/open.py" <<'P'
import fcntl, os
def text(fd):
    kind = "rw"[fcntl.fcntl(fd, fcntl.F_GETFL) & 3 > 0]
    try:
        return kind + ":" + os.read(fd, 20).decode().strip()
    except OSError as e:
        return kind
def is_open(fd):
    try:
        return fcntl.fcntl(fd, fcntl.F_GETFD) >= 0
    except OSError:
        return False
print(" ".join(f"{fd}={text(fd)}" for fd in range(3, 1024) if is_open(fd)))
P
fixture_words() {
	cp "$WORK/open.py" .
	printf 'secret\n' >secret
	printf 'one\n' >one
	mkdir -p place
}
FIXTURE=fixture_words
# with NAME STATUS [FLAG...]: many are open outside. Inside, python3 tells.
with() {
	local name=$1 want=$2 got
	shift 2
	refresh
	(
		cd "$SCRATCH" || exit 1
		for fd in 3 4 5 6 8 9 11 12 13 14 15 16 17 18 19 20; do eval "exec $fd<secret"; done
		exec 7<one 21<>one 22>>place/out 23<place 24< <(echo piped) 25>/dev/null
		exec timeout -k 5 $GUARD "$CORDON" run -q --ro open.py "$@" -- /usr/bin/python3 "$SCRATCH/open.py"
	) >"$OUT" 2>"$ERR" </dev/null
	got=$?
	if [ $got = "$want" ]; then pass "$name"; else fail "$name" "exit status $got, not $want" "$(cat "$OUT" "$ERR")"; fi
}

refresh
(
	cd "$SCRATCH" || exit 1
	for fd in 3 4 5 6 8 9; do eval "exec $fd<secret"; done
	exec 7<one
	exec /usr/bin/python3 open.py
) >"$OUT" 2>"$ERR" </dev/null
also 'natively they are all there' out_has '^3=r:secret 4=r:secret 5=r:secret 6=r:secret 7=r:one 8=r:secret 9=r:secret( |$)'
with 'none by itself' 0
also 'none' out_is ''
with 'the one that is granted' 0 --fd=7
also 'and no other' out_is '7=r:one'
with 'several' 0 --fd 21 --fd=7 --fd 22
also 'each at its number, and no other' out_is '7=r:one 21=w:one 22=w'
with 'for reading alone' 0 --fd=21:ro
also 'reads' out_is '21=r:one'
with 'a pipe' 0 --fd=24
also 'of what is in it' out_is '24=r:piped'
with 'a device' 0 --fd=25
also 'as it was opened' out_is '25=w'
with 'everything mediated' 0 --audit=all --fd=7
also 'too' out_is '7=r:one'
with 'in the low place that cordon would use' 0 --fd=3 --fd=4 --fd=5
also 'as they are' out_is '3=r:secret 4=r:secret 5=r:secret'
for wrong in 23 23:ro 2 0 -1 1024 99 x 7x 7:rw '' 22:ro; do
	with "refused: $wrong" 125 "--fd=$wrong"
	also "said: $wrong" err_has "^cordon: --fd="
done
with 'refused: twice' 125 --fd=7 --fd=7
# What a program's own arguments say is nothing to cordon.
refresh
(cd "$SCRATCH" && exec 7<one && exec "$CORDON" run -q -- sh -c 'ls /proc/self/fd | wc -l' --fd=7 --fd 7) >"$OUT" 2>"$ERR" </dev/null
also 'after the program it is an argument' out_is 4

# ---- no more than it was opened for ----

cat >"$WORK/reopen.py" <<'P'
import os, sys
for path in ("/proc/self/fd/7", "/dev/fd/7"):
    for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR):
        try:
            os.close(os.open(path, flags))
            print("opened")
        except OSError as e:
            print("refused")
for change in (lambda: os.fchmod(7, 0o777), lambda: os.utime(7, (1, 1)), lambda: os.ftruncate(7, 0)):
    try:
        change()
        print("changed")
    except OSError as e:
        print("refused")
P
reopen() { # NAME HOW FLAG
	refresh
	cp "$WORK/reopen.py" "$SCRATCH"
	(cd "$SCRATCH" && eval "exec 7$2one" && exec timeout -k 5 $GUARD "$CORDON" run -q --ro reopen.py "$3" -- /usr/bin/python3 "$SCRATCH/reopen.py") \
		>"$OUT" 2>"$ERR" </dev/null
	tr '\n' ' ' <"$OUT" >"$OUT.line"
	mv "$OUT.line" "$OUT"
}
reopen reading '<' --fd=7
also 'open for reading: it is read again, and that is all' out_is 'opened refused refused opened refused refused refused refused refused '
also 'nothing of it has changed' [ "$(stat -c '%a %s' "$SCRATCH/one")" = '644 4' ]
reopen both '<>' --fd=7:ro
also 'made so: likewise' out_is 'opened refused refused opened refused refused refused refused refused '
also 'and nothing' [ "$(stat -c '%a %s' "$SCRATCH/one")" = '644 4' ]
reopen writing '<>' --fd=7
also 'open for both: it is written again' out_has '^opened opened opened opened opened opened '

# ---- nobody else holds it ----

refresh
(
	cd "$SCRATCH" || exit 1
	mkfifo ready
	(cat ready >said; date +%s%N >closed) &
	exec 7>ready
	"$CORDON" run -q --fd=7 -- sh -c 'echo ready >&7; exec 7>&-; sleep 1.5; date +%s%N' >ended 2>"$ERR" </dev/null 7>&7 &
	exec 7>&-
	wait
)
also 'it says it is ready' [ "$(cat "$SCRATCH/said")" = ready ]
also 'and its end is seen at once' [ $(($(cat "$SCRATCH/ended") - $(cat "$SCRATCH/closed"))) -gt 1000000000 ]

# ---- a socket: descriptors of directories could come in by it, so that nothing is native ----

cat >"$WORK/talk.py" <<'P'
import os, socket, subprocess, sys
a, b = socket.socketpair()
out = subprocess.run([sys.argv[1], "run", "-v", "--fd=%d" % b.fileno(), "--", "sh", "-c", "echo from inside >&%d" % b.fileno()],
                     pass_fds=[b.fileno()], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
b.close()
print(a.recv(100).decode().strip(), a.recv(1) == b"", b"a socket to the outside" in out.stderr)
P
/usr/bin/python3 "$WORK/talk.py" "$CORDON" >"$OUT" 2>"$ERR"
[ "$T_BORDER" = full ] || also 'a socket works, and ends native calls' out_is 'from inside True True'
/usr/bin/python3 - "$CORDON" >"$OUT" 2>"$ERR" <<'P'
import os, subprocess, sys
fds = {"path": os.open("/etc/passwd", os.O_PATH), "pidfd": os.pidfd_open(1), "namespace": os.open("/proc/self/ns/net", os.O_RDONLY),
       "event": os.eventfd(0)}
for name, fd in fds.items():
    out = subprocess.run([sys.argv[1], "run", "--fd=%d" % fd, "--", "true"], pass_fds=[fd], stdin=subprocess.DEVNULL,
                         stderr=subprocess.PIPE)
    print(name, out.returncode)
P
if grep -q Error "$ERR"; then skip 'descriptors of other kinds' 'python3 is too old'; else
	also 'what is no file is refused' out_is $'path 125\npidfd 125\nnamespace 125\nevent 125'
fi
