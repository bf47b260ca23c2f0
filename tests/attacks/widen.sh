# A new name must give no rights: not on what a directory holds, and not on what was written without a name. Natively both work.
. "$(dirname "${BASH_SOURCE[0]}")/../scenarios/lib.sh"
[ -x /usr/bin/python3 ] || { skip widen 'python3 is not installed'; exit 0; }
place=$(mktemp -d "${TMPDIR:-/var/tmp}/cordon-widen.XXXXXX") || exit 1
trap 'rm -rf "$place"' EXIT
cat >"$place/move.py" <<'END'
import os
os.rename("E", "out")
print(open("out/secret").read())
END
cat >"$place/name.py" <<'END'
import ctypes, os
fd = os.open("D", os.O_TMPFILE | os.O_RDWR, 0o755)
os.write(fd, b"written without a name\n")
if ctypes.CDLL(None).linkat(-100, b"/proc/self/fd/%d" % fd, -100, b"X/c", 0x400):
    raise SystemExit("not named")
print(open("X/c").read())
END
fixture() { rm -rf "$place/t" && mkdir -p "$place/t/E" "$place/t/D" "$place/t/X" && echo TOP >"$place/t/E/secret"; }

# widen NAME SCRIPT SHOWS FLAG...: the script shows it natively, and not in a space with the flags.
widen() {
	local name=$1 script=$2 shows=$3 out
	shift 3
	fixture
	out=$(cd "$place/t" && /usr/bin/python3 "$place/$script" 2>&1)
	case $out in *"$shows"*) ;; *) fail "$name" "natively it must succeed, or it proves nothing: $out"; return ;; esac
	fixture
	out=$(cd "$place/t" && "$CORDON" run -q --ro "$place/$script" --chdir "$place/t" "$@" -- /usr/bin/python3 "$place/$script" 2>&1)
	case $out in *"$shows"*) fail "$name" "it worked in a space: $out" ;; *) pass "$name" ;; esac
}

widen 'a directory moved to where more is granted' move.py TOP \
	--allow="fs.*:$place/t/*" --allow="fs.*:$place/t/out/**"
widen 'a file without a name, named where nothing may be written' name.py 'written without a name' \
	--rw "$place/t" --deny="fs.write:$place/t/X/**"
