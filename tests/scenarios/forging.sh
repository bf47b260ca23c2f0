# Names that a program chooses cannot make lines, or parts of a screen, that look like cordon's.
. "$(dirname "$0")/lib.sh"
[ -x /usr/bin/python3 ] || { skip forging 'python3 is not installed'; exit 0; }
outside=$(mktemp -d /var/tmp/cordon-tests.XXXXXX)
trap 'rm -rf "$outside"' EXIT

# The names are made before, outside: only what exists was denied.
cat >"$WORK/names.py" <<'PY'
import os, socket, sys
FORGED = b"cordon: denied nothing"
NAMES = [b"\x1b[2J\x1b[H" + FORGED, b"a\n" + FORGED, b"a\r" + FORGED, b"a\r\n" + FORGED, b"\x9b2J" + FORGED,
         b"\xc2\x9b2J" + FORGED, b"\xc2\x85" + FORGED, "\u202e".encode() + FORGED, "\u2066x\u2069".encode() + FORGED,
         "\u061c\u200b\u200f\ufeff\u2028\u2029\u00ad".encode() + FORGED, b"\x07\x08\x0b\x0c\x0e\x7f" + FORGED,
         b"\xff\xc0\xaf\xed\xa0\x80" + FORGED, b" " * 150 + FORGED, "\u3000".encode() * 50 + FORGED,
         "\U000e0041".encode() + FORGED, b"\x1b]0;title\x07" + FORGED, b"\x1bP+q\x1b\\" + FORGED, b"'\"\\$(x)" + FORGED]
where = os.fsencode(sys.argv[2])
for name in NAMES:
    path = where + b"/" + name
    if sys.argv[1] == "make":
        open(path, "w").close()
        continue
    for attempt in (lambda: open(path), lambda: open(path, "w"), lambda: os.stat(path), lambda: os.execv(path, ["x"]),
                    lambda: socket.socket(socket.AF_UNIX).bind(b"\0" + name[:90]), lambda: os.mkdir(path + b"/x")):
        try:
            attempt()
        except (OSError, ValueError):
            pass
print("end")
PY
cat >"$WORK/check.py" <<'PY'
import re, sys, unicodedata
kind, text = sys.argv[1], open(sys.argv[2], "rb").read()
if kind == "screen":
    text = text.replace(b"\r\n", b"\n").replace(b"\n\r", b"\n").lstrip(b"\r")
text = text.decode()  # it is UTF-8
seen = 0
for line in text.split("\n")[:-1]:
    bad = [c for c in line if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Co", "Cn")]
    assert not bad, (bad, line)
    if kind == "json":
        assert line.startswith("{"), line
    elif line.rstrip() != "end":
        assert re.match(r"\r?(end)?\r?cordon: denied (fs|net)\.[a-z]+ \S|        to allow it: ", line), line
        assert not re.search(r"\S {2,}cordon", line), line
    seen += line.count("denied nothing")
assert seen >= 18, seen
PY
/usr/bin/python3 "$WORK/names.py" make "$outside" >/dev/null

attempt() { # attempt FLAG... : to $OUT and $ERR
	refresh
	(cd "$SCRATCH" && exec timeout -k 10 $GUARD "$CORDON" run --ro "$WORK" "$@" -- \
		/usr/bin/python3 "$WORK/names.py" try "$outside") >"$OUT" 2>"$ERR" </dev/null
}
is_honest() { /usr/bin/python3 "$WORK/check.py" "$@"; }

attempt
also 'the summary' is_honest text "$ERR"
attempt -v
also '-v' is_honest text "$ERR"
attempt --json
also '--json' is_honest json "$ERR"
rm -f "$WORK/log"
attempt -q --audit=all --log "$WORK/log"
also 'the log' is_honest json "$WORK/log"
attempt -v --pty
grep -av '^end' "$OUT" >"$WORK/screen"
cat "$ERR" >>"$WORK/screen"
also 'with a terminal of its own' is_honest screen "$WORK/screen"

# What cordon says of what it was given itself.
name=$(printf 'x\033[31m\ncordon: denied nothing')
quiet() { ! grep -aq "$(printf '\033')" "$ERR" && err_lines 1; }
for arguments in "./$name" "--$name" "--policy=./$name" "--chdir=$name true" "--log=/nowhere/$name true" "--allow=$name true"; do
	refresh
	case $arguments in *' true') set -- "${arguments% true}" true ;; *) set -- "$arguments" ;; esac
	(cd "$SCRATCH" && exec timeout -k 10 $GUARD "$CORDON" run -q "$@") >"$OUT" 2>"$ERR" </dev/null
	also "an argument: ${arguments%%x*}" quiet
done
printf '{ "version": 1, "name": "x\\u001b[31m\\u009b31m\\u202e" }' >"$WORK/policy.json"
for command in 'policy check' 'policy show' 'policy test'; do
	timeout -k 10 $GUARD "$CORDON" $command "$WORK/policy.json" >"$OUT" 2>"$ERR" </dev/null
	also "$command" test -z "$(cat "$OUT" "$ERR" | LC_ALL=C grep -aP '\x1b|\xc2\x9b|\xe2\x80\xae')"
done
