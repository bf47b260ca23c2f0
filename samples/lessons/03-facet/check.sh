# Lesson 3: a descriptor that can be read only; and a facet of an account, by a process in between.
. "$(dirname "$0")/../lib.sh"

# Linux's own attenuation, and cordon's: one file, open for reading and writing as descriptor 3.
echo data >file
unchanged() { [ "$(cat file)" = data ]; }
fd_plain() { bounded "$CORDON" run -q --fd=3 -- "$BIN/writer" 3<>file 2>err; ! unchanged; }
fd_ro() { echo data >file; bounded "$CORDON" run -q --fd=3:ro -- "$BIN/writer" 3<>file 2>err; unchanged; }
shown 'what comes in by --fd=3 can be written' fd_plain
shown 'what comes in by --fd=3:ro cannot' fd_ro

client() { bounded "$BIN/driver" "$PROGRAM" "$CORDON" run -q --fd=3 -- "$BIN/client" "$@" >out 2>err; }
balance() { client get; grep -qx 'balance 100' out; }
wrote() { client "$@"; grep -qx 'finally: balance 666' out; }
work 'the client, in a space with the facet alone, learns the balance' balance
attack 'put' wrote 'put 666'
attack 'put, after a get in the same message' wrote get 'put 666'
attack 'put, after something like a get' wrote 'get of sorts' 'put 666' get
attack 'put, in a line of its own' wrote '' 'put 666'
verdict
