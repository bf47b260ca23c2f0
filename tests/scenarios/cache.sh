# The cache of copies: made once, checked, remade, bounded, and out of every space's reach.
. "$(dirname "$0")/lib.sh"
BASE=$HOME/cache # of this file alone: others run at the same time
export XDG_CACHE_HOME=$BASE
CACHE=$BASE/cordon/shim
run() { timeout -k 10 $GUARD "$CORDON" run "$@" </dev/null; }
mapped() { CORDON_WITHOUT="" run -q -- cat /proc/self/maps 2>/dev/null | grep -q '^7ecd00000000'; }
fresh() { chmod -R u+rwX "$BASE" 2>/dev/null; rm -rf "$BASE"; mkdir -p "$BASE"; }
looks() { stat -c '%n %i %y %z %s' "$CACHE"/* 2>/dev/null; }
entries() { find "$CACHE" -name '*.so' 2>/dev/null | wc -l; }
# try NAME COMMAND...: a test that is a command
try() {
	local name=$1
	shift
	if "$@" >"$OUT" 2>"$ERR"; then pass "$name"; else fail "$name" "not so: $*" "$(head -n 20 "$OUT" "$ERR")" "$(ls -lR "$BASE" 2>&1)"; fi
}
fresh
if ! mapped; then
	skip cache "nothing is copied here: $(run -v -- true 2>&1 | head -n 1)"
	exit 0
fi

# ---- made once ----
try 'made by the first run' test "$(entries)" -ge 2
try 'its modes are the user'"'"'s alone' test "$(stat -c %a "$BASE/cordon" "$CACHE" | tr '\n' ' ')" = '700 700 '
before=$(looks)
run -q -- true
try 'and used by the second' test "$before" = "$(looks)"
try 'nothing else lies there' test -z "$(find "$CACHE" -name '.*' -type f)"
run -q -- ls -lL /lib64/ld-linux-x86-64.so.2 | cut -d' ' -f1 >"$OUT"
try 'a copy has the modes of its original' test "$(cat "$OUT")" = "$(find -L /lib64/ld-linux-x86-64.so.2 -printf '%M\n')"

# ---- cordon cache ----
"$CORDON" cache list >"$OUT" 2>"$ERR"
also 'list: the interpreter' out_has '^/.*/ld-linux-x86-64\.so\.2$'
also 'list: the libc' out_has '^/.*/libc\.so\.6$'
also 'list: a sum' out_has "^[0-9]+ copies, [0-9]+ KiB of at most 65536, in $CACHE\$"
"$CORDON" cache list --json >"$OUT" 2>"$ERR"
also 'list --json: one line' test "$(wc -l <"$OUT")" = 1
if have jq; then
	also 'list --json: each is sound and current' test "$(jq '[.entries[] | select(.sound and .current and .call_sites > 0 and .why_not == "")] | length' "$OUT")" = "$(entries)"
	also 'list --json: the build-id is the file'"'"'s' test "$(jq -r '.entries[] | select(.original | endswith("/libc.so.6")) | .build_id' "$OUT")" = \
		"$(file -L /lib/x86_64-linux-gnu/libc.so.6 | sed -nE 's/.*BuildID\[sha1\]=([0-9a-f]+).*/\1/p')"
fi
for wrong in '' 'none' 'list --yaml' 'clear --json' 'list list'; do
	# shellcheck disable=SC2086
	"$CORDON" cache $wrong >"$OUT" 2>"$ERR"
	try "a mistake: $wrong" test $? = 125
done
try 'clear' "$CORDON" cache clear
also 'clear says how many' out_has '^[0-9]+ copies removed$'
try 'clear: nothing is left' test -z "$(ls -A "$CACHE")"
try 'clear: again' "$CORDON" cache clear
also 'clear of nothing' out_is '0 copies removed'
"$CORDON" cache list >"$OUT"
also 'list of nothing' out_has '^0 copies, 0 KiB'

# ---- damage is noticed, and made good ----
damage() { # NAME COMMAND...: the command gets the copy of the libc as $1, its note as $2
	local name=$1 copy note
	shift
	fresh
	run -q -- true
	copy=$(find "$CACHE" -name '*.so' -size +1500k) note=${copy%.so}.note
	sleep 0.02
	bash -c "$1" damage "$copy" "$note"
	"$CORDON" cache list --json >"$OUT" 2>"$ERR"
	[ "${2:-listed}" = unlisted ] || also "$name: listed" out_has '"sound":false'
	try "$name: runs go on" mapped
	"$CORDON" cache list --json >"$OUT" 2>"$ERR"
	if grep -q '"sound":false' "$OUT"; then fail "$name: made again" "$(cat "$OUT")"; else pass "$name: made again"; fi
	cmp -s "$copy" "$WORK/good.so" && pass "$name: as it was" || fail "$name: as it was" "$(ls -la "$CACHE")"
	before=$(looks)
	run -q -- true
	try "$name: once" test "$before" = "$(looks)"
}
fresh
run -q -- true
cp "$(find "$CACHE" -name '*.so' -size +1500k)" "$WORK/good.so"
damage 'bytes flipped' 'printf evil | dd of="$1" bs=1 seek=4096 conv=notrunc 2>/dev/null'
damage 'truncated' 'truncate -s 100 "$1"'
damage 'emptied' ': >"$1"'
damage 'replaced' 'cp /bin/true "$1.new"; mv "$1.new" "$1"'
damage 'replaced by its like' 'cp -p "$1" "$1.new"; mv "$1.new" "$1"'
damage 'flipped, with the times set back' 't=$(stat -c %y "$1"); printf evil | dd of="$1" bs=1 seek=4096 conv=notrunc 2>/dev/null; touch -d "$t" "$1"'
damage 'removed' 'rm "$1"'
damage 'a link' 'cp "$1" "$1.x"; ln -sf "$1.x" "$1"'
damage 'a FIFO' 'rm "$1"; mkfifo "$1"'
damage 'the note flipped' 'printf "\377" | dd of="$2" bs=1 seek=200 conv=notrunc 2>/dev/null'
damage 'the note truncated' 'truncate -s 64 "$2"'
damage 'the note empty' ': >"$2"'
damage 'the note too long' 'echo more >>"$2"; printf x | dd of="$2" bs=1 seek=9 conv=notrunc 2>/dev/null'
damage 'the note of another' 'cp "$(find "${2%/*}" -name "*.note" ! -path "$2" | head -n 1)" "$2"'
damage 'the note a FIFO' 'rm "$2"; mkfifo "$2"'
damage 'the note removed' 'rm "$2"' unlisted

# ---- many at once ----
for round in 1 2 3; do
	fresh
	for i in $(seq 20); do
		(run -q -- cat /proc/self/maps >"$WORK/maps.$i" 2>&1; echo $? >"$WORK/status.$i") &
	done
	wait
	try "twenty at once: $round: all run" test "$(cat "$WORK"/status.* | sort -u)" = 0
	try "twenty at once: $round: all with the shim" test "$(grep -l '^7ecd00000000' "$WORK"/maps.* | wc -l)" = 20
	"$CORDON" cache list --json >"$OUT" 2>"$ERR"
	also "twenty at once: $round: all sound" test "$(grep -o '"sound":true' "$OUT" | wc -l)" = "$(entries)"
	try "twenty at once: $round: nothing left over" test -z "$(find "$CACHE" -name '.*' -type f)"
done
(for i in $(seq 40); do "$CORDON" cache clear >/dev/null; done) &
for i in $(seq 20); do run -q -- true 2>>"$WORK/cleared.err"; echo $? >"$WORK/status.$i"; done
wait
[ ! -s "$WORK/cleared.err" ] || cat "$WORK/cleared.err" >"$ERR"
try 'cleared while programs start' test "$(cat "$WORK"/status.* | sort -u)" = 0

# ---- where there can be none ----
# without NAME TEXT [VARIABLE=VALUE...]: the program runs without the shim, and -v says why
without() {
	local name=$1 text=$2
	shift 2
	env "$@" timeout 60 "$CORDON" run -v -- cat /proc/self/maps >"$OUT" 2>"$ERR" </dev/null
	also "$name: the program runs" test $? = 0
	also "$name: by the monitor alone" test "$(grep -c '^7ecd' "$OUT")" = 0
	also "$name: -v says so" err_has "$text"
	env "$@" timeout 60 "$CORDON" run -- true >"$OUT" 2>"$ERR" </dev/null
	also "$name: and else nothing is said" err_lines 0
}
without 'no HOME' 'no cache.*: No such file' -u HOME -u XDG_CACHE_HOME
without 'a HOME that is no path' 'no cache.*: No such file' -u XDG_CACHE_HOME HOME=here
without 'a HOME that is not there' 'no cache.*: No such file' -u XDG_CACHE_HOME HOME=/none/none
without 'a cache below what is not there' 'no cache.*: No such file' XDG_CACHE_HOME=/none/none/none
without 'a name too long' 'no cache.*: ' XDG_CACHE_HOME="/$(head -c 5000 /dev/zero | tr '\0' x)"
: >"$WORK/file"
without 'a file instead' 'no cache.*: ' XDG_CACHE_HOME="$WORK/file"
for folder in . cordon cordon/shim; do
	for mode in 770 777 1777; do
		fresh
		run -q -- true
		chmod $mode "$BASE/$folder"
		without "others may write: $folder, $mode" 'not yours alone' T=
		"$CORDON" cache list >"$OUT" 2>"$ERR"
		also "others may write: $folder, $mode: list refuses" err_has 'not yours alone'
	done
	fresh
	run -q -- true
	chmod 755 "$BASE/$folder"
	try "others may read: $folder" mapped
done
fresh
mkdir -p "$WORK/elsewhere"
ln -s "$WORK/elsewhere" "$BASE/cordon"
try 'a link to a folder of the user'"'"'s' mapped
rm -rf "$WORK/elsewhere"
if [ "$T_WHO" != root ]; then
	fresh
	chmod 500 "$BASE"
	without 'not writable' 'Permission denied' T=
	fresh
	run -q -- true
	"$CORDON" cache clear >/dev/null
	chmod 500 "$CACHE"
	without 'the folder not writable' 'Permission denied' T=
	chmod 700 "$CACHE"
	without 'another user'"'"'s' 'no cache.*: ' XDG_CACHE_HOME=/usr
else
	fresh
	run -q -- true
	chown -R 1 "$CACHE"
	without 'another user'"'"'s' 'not yours alone' T=
	chown -R 0 "$CACHE"
	chown 1 "$BASE/cordon"
	without 'in another user'"'"'s' 'not yours alone' T=
	fresh
	full() { # SIZE: a run whose cache is on a disk of this size
		unshare -m sh -c 'mount -t tmpfs -o size='"$1"',mode=700 none "$1" && shift && "$@"' sh "$BASE" timeout 60 "$CORDON" run -v -- cat /proc/self/maps
	}
	for size in 4k 64k 300k 2300k; do
		full $size >"$OUT" 2>"$ERR" </dev/null
		also "a disk of $size: the program runs" test $? = 0
		also "a disk of $size: -v says so" err_has 'No space left on device'
	done
	full 16m >"$OUT" 2>"$ERR" </dev/null
	also 'a disk that is large enough' out_has '^7ecd00000000'
fi

# ---- room ----
fresh
run -q -- true
# What takes the room is an entry of an older time: a note that fits, of a file that is there.
old=$(find "$CACHE" -name '*.so' -size +1500k)
for i in 1 2 3; do head -c 30000000 /dev/zero >"$CACHE/0000000000000000000000000000000$i.so"; cp "${old%.so}.note" "$CACHE/0000000000000000000000000000000$i.note"; done
: >"$CACHE/.0123456789abcdef"
"$CORDON" cache list >"$OUT"
also 'too much is listed' out_has 'damaged'
rm "$old" "${old%.so}.note"
run -q -- true
try 'making a copy makes room' test "$(du -sk "$CACHE" | cut -f1)" -le 65536
try 'and keeps what is in use' mapped
try 'what others are writing stays' test -e "$CACHE/.0123456789abcdef"

# ---- another libc in its place; one that is gone ----
if [ "$T_WHO" = root ]; then
	cat >"$WORK/other.sh" <<'S'
libc=$(realpath /lib/x86_64-linux-gnu/libc.so.6)
cp -p "$libc" "$WORK/libc.so.6"
mount -t tmpfs none /mnt && cp "$libc" /mnt/libc.so.6 || exit 2
mount --bind /mnt/libc.so.6 "$libc" || exit 3
"$CORDON" run -q -- cat /proc/self/maps </dev/null
S
	fresh
	run -q -- true
	count=$(entries)
	CORDON=$CORDON WORK=$WORK unshare -m sh "$WORK/other.sh" >"$OUT" 2>"$ERR"
	also 'an upgraded libc: natively' out_has '^7ecd00000000'
	also 'an upgraded libc: an entry of its own' test "$(entries)" = $((count + 1))
	"$CORDON" cache list >"$OUT"
	also 'an upgraded libc: the other is listed as such' out_has 'the file has changed, or is gone'
	before=$(looks | grep -c .)
	run -q -- true
	try 'an upgraded libc: the first still serves' test "$(looks | grep -c .)" = "$before"
	# musl is gone: its copy goes when the next is made.
	musl=$(realpath /lib/ld-musl-x86_64.so.1 2>/dev/null)
	if [ -n "$musl" ]; then
		victim=$("$CORDON" cache list | grep -c "^$musl\$")
		cat >"$WORK/gone.sh" <<'S'
mount -t tmpfs none "${1%/*}" || exit 2
find "$2" -name '*.so' -size +1500k -delete
"$CORDON" run -q -- true </dev/null
S
		CORDON=$CORDON unshare -m sh "$WORK/gone.sh" "$musl" "$CACHE" >"$OUT" 2>"$ERR"
		"$CORDON" cache list >"$OUT"
		also 'of a file that is gone' test "$victim:$(grep -c "^$musl\$" "$OUT")" = 1:0
	fi
fi

# ---- what a space can do to it ----
BASE=$HOME/cache
fresh
run -q -- true
before=$(looks)
attack='cd "$1" 2>/dev/null || exit 9
ls cordon/shim; cat cordon/shim/*; echo x >cordon/shim/x; for f in cordon/shim/*; do echo x >>"$f"; rm -f "$f"; done
mv cordon/shim cordon/moved; mv cordon moved; mv ../cache ../moved; rm -rf cordon; rmdir cordon/shim cordon
mkdir -p cordon/shim moved/shim; mkdir new; mv -T new cordon/shim; ln -sfT /tmp cordon/shim; ln -sfT /tmp cordon
mv --exchange new cordon 2>/dev/null; chmod 777 cordon/shim; chmod 777 cordon
echo "tried"'
reach() { # NAME FLAG...
	local name=$1
	shift
	run -q "$@" -- sh -c "$attack" sh "${AT:-$BASE}" >"$OUT" 2>"$ERR"
	also "$name: it tried" out_has '^tried$'
	also "$name: it saw nothing" test -z "$(grep -aE '\.(so|note)$' "$OUT")"
	rm -rf "$BASE/new" "$BASE/moved"
	try "$name: all is as before" test "$before" = "$(looks)"
	try "$name: the folders, too" test "$(stat -c %a "$BASE/cordon" "$CACHE" | tr '\n' ' ')" = '700 700 '
	chmod 700 "$BASE/cordon" "$CACHE"
	try "$name: and in use" mapped
}
reach 'all of HOME granted' --rw "$HOME"
reach 'the cache'"'"'s parent granted' --rw "$BASE"
reach 'HOME, run, all' --rw "$HOME" --allow-run="$HOME" --allow-write="$HOME"
reach 'rules, and no view' --allow-read="$HOME" --allow-write="$HOME"
reach 'the folder named' --rw "$HOME" --rw "$BASE/cordon"
CORDON_WITHOUT=shim reach 'nothing native' --rw "$HOME"
reach 'everything recorded' --audit=all --rw "$HOME"
reach 'everything recorded to a file' --audit=all --log "$WORK/log" --rw "$HOME"
AT=/there reach 'at another place' --allow-read=/there --allow-write=/there --bind "$BASE:/there"
AT=/there reach 'at another place, everything recorded' --audit=all --allow-read=/there --allow-write=/there --bind "$BASE:/there"
run -q --rw "$CACHE" -- sh -c 'ls "$1"; echo x >"$1/x"; rm -f "$1"/*' sh "$CACHE" >"$OUT" 2>"$ERR"
try 'the cache itself granted: as before' test "$before" = "$(looks)"
run -q -- sh -c 'l=$(realpath /lib/x86_64-linux-gnu/libc.so.6); echo x >>"$l"; rm -f "$l"; mv "$l" "$l.x"; truncate -s 0 "$l"; chmod 777 "$l"' >"$OUT" 2>"$ERR"
try 'the copy, in its place: as before' test "$before" = "$(looks)"
