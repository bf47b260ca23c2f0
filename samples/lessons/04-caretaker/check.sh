# Lesson 4: is what was granted through the caretaker gone when its owner says so?
. "$(dirname "$0")/../lib.sh"

# Why a caretaker at all: what was handed over itself stays with who has it.
secret() {
	echo secret >file
	exec 3<file
	rm file
	bounded "$CORDON" run -q --fd=3:ro -- cat /proc/self/fd/3 >out 2>err
	exec 3<&-
	grep -qx secret out
}
shown 'a file that is removed can still be read by its descriptor' secret

# Each client once: what came of it is in a file of its name.
client() { bounded "$BIN/driver" "$PROGRAM" "$CORDON" run -q --fd=3 -- "$BIN/client" "$1" >"$1" 2>err; }
count() { sed -n "s/^$2: count //p" "$1"; }
served() { client "$1"; [ "$(count "$1" before)" -gt "$2" ] 2>/dev/null; }
survived() { ! { grep -qx revoked "$1" && [ "$(count "$1" after)" = "$(count "$1" later)" ]; }; }
work 'the counter counts for a polite client' served polite 3
attack 'a polite client goes on after it was revoked' survived polite
work 'it counts for clients that never pause' served flood 100
attack 'clients that never pause go on after they were revoked' survived flood
verdict
