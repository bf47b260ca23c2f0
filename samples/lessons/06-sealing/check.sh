# Lesson 6: can a purse be passed on, and not made, by who is not the mint?
. "$(dirname "$0")/../lib.sh"
client() { bounded "$BIN/driver" "$PROGRAM" "$CORDON" run -q --fd=3 --fd=4 -- "$BIN/client" "$1" >out 2>err; }
work 'a client, in a space, splits a purse of 100 into 70 and 30' client honest
attack 'a purse of the client'\''s own make holds money' client forge
attack 'writing into a purse puts money into it' client stuff
attack 'more is taken out of a purse than is in it' client overdraw
attack 'a file that comes to have a purse'\''s number passes for it' client reuse
verdict
