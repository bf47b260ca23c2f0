# Files that come in as standard streams: a descriptor gives what it was opened for and nothing more. Each attempt works
# natively, which is checked first.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

secret=$WORK/secret
fresh() { rm -f "$secret"; echo secret >"$secret"; chmod 600 "$secret"; }
mode() { stat -c %a "$secret"; }

# attempt NAME PYTHON [FLAG...]: must change the secret's mode or time natively, and must not inside.
attempt() {
	local name=$1 code=$2 before native
	shift 2
	fresh
	before=$(stat -c '%a %Y' "$secret")
	/usr/bin/python3 -c "$code" <"$secret" >/dev/null 2>&1
	native=$(stat -c '%a %Y' "$secret")
	if [ "$native" = "$before" ]; then
		fail "$name" "the attempt does not work natively, and so proves nothing"
		return
	fi
	fresh
	before=$(stat -c '%a %Y' "$secret")
	timeout -k 5 $GUARD "$CORDON" run -q "$@" -- /usr/bin/python3 -c "$code" <"$secret" >"$OUT" 2>&1
	[ "$(stat -c '%a %Y' "$secret")" = "$before" ] && pass "$name" ||
		fail "$name" "changed from $before to $(stat -c '%a %Y' "$secret")" "$(cat "$OUT")"
}

attempt 'fchmod of a file open for reading' 'import os; os.fchmod(0, 0o777)'
attempt 'chmod of /dev/stdin' 'import os; os.chmod("/dev/stdin", 0o777)'
attempt 'chmod of /proc/self/fd/0' 'import os; os.chmod("/proc/self/fd/0", 0o777)'
attempt 'times of a file open for reading' 'import os; os.utime(0, (1, 1))'

# A connection that comes in leads outside: it is not to become a server there.
cat >"$WORK/inetd.py" <<'P'
import socket, subprocess, sys
server = socket.create_server(("127.0.0.1", 0))
connection = socket.create_connection(server.getsockname())
code = """
import ctypes, socket, sys
libc = ctypes.CDLL(None)
libc.connect(0, bytes(16), 16)
libc.listen(0, 5)
s = socket.socket(fileno=0)
print(s.getsockname()[1], flush=True)
s.settimeout(3)
s.accept()
"""
run = subprocess.Popen(sys.argv[1:] + ["/usr/bin/python3", "-c", code], stdin=connection, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
connection.close()
port = int(run.stdout.readline() or 0)
try:
	socket.create_connection(("127.0.0.1", port), timeout=2)
	print("reached")
except OSError as e:
	print("not reached")
run.kill()
P
/usr/bin/python3 "$WORK/inetd.py" >"$OUT" 2>"$ERR"
also 'a connection becomes a server, natively' out_is reached
/usr/bin/python3 "$WORK/inetd.py" timeout -k 5 $GUARD "$CORDON" run -q -- >"$OUT" 2>"$ERR"
also 'a connection becomes no server' out_is 'not reached'

# What a descriptor is open for stays open to it.
fresh
echo 'print(open("/dev/stdin").read(), end="")' >"$WORK/read.py"
timeout -k 5 $GUARD "$CORDON" run -q --allow-read="$WORK/read.py" -- /usr/bin/python3 "$WORK/read.py" <"$secret" >"$OUT" 2>"$ERR"
[ "$(cat "$OUT")" = secret ] && pass 'reading /dev/stdin' || fail 'reading /dev/stdin' "$(cat "$OUT" "$ERR")"

# openat2 with RESOLVE_IN_ROOT begins at the program's own directory, never at one of the monitor's.
cat >"$WORK/in_root.py" <<'P'
import ctypes, os, struct
how = ctypes.create_string_buffer(struct.pack("QQQ", os.O_RDONLY | os.O_DIRECTORY, 0, 0x10))
fd = ctypes.CDLL(None, use_errno=True).syscall(437, -100, b"/.", how, 24)
print(sorted(os.listdir(fd)) == sorted(os.listdir(".")) if fd >= 0 else "refused")
P
mkdir -p "$SCRATCH/marked"
native=$(cd "$SCRATCH" && /usr/bin/python3 "$WORK/in_root.py")
inside=$(cd "$SCRATCH" && timeout -k 5 $GUARD "$CORDON" run -q --allow-read="$WORK/in_root.py" --rw "$SCRATCH" --chdir "$SCRATCH" -- \
	/usr/bin/python3 "$WORK/in_root.py" 2>&1)
[ "$native" = True ] && [ "$inside" = "$native" ] && pass 'a root of its own' ||
	fail 'a root of its own' "natively $native, inside $inside"
