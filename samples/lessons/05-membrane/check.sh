# Lesson 5: does everything that came through the membrane end with it?
. "$(dirname "$0")/../lib.sh"

bounded "$BIN/driver" "$PROGRAM" "$CORDON" run -q --fd=3 --fd=4 -- "$BIN/client" >out 2>err
used() { grep -qx "used $1" out; }
alive() { grep -qx "alive $1" out || grep -qx 'not revoked' out; }
work 'the client, in a space, makes an object and uses it' used child
work 'and one by that object' used grandchild
work 'and is called on a socket that it passed in' used callback
attack 'the first object still answers after the revocation' alive first
attack 'the object that came through it does' alive child
attack 'the object that came through that one does' alive grandchild
attack 'the socket that was passed in is still called on' alive callback
verdict
