# Lesson 2: does the deputy write what callers give it, and never its ledger at their word?
. "$(dirname "$0")/../lib.sh"
cp "$HERE/policy.json" policy.json

books() { echo 'an old entry' >ledger; rm -f link hard ./*.out; ln -s ledger link; ln ledger hard; }
# ask TEXT NAME FILE
ask() { bounded "$BIN/caller" "$@" "$CORDON" run -q --fd=3 --chdir "$PWD" -p policy.json -- "$PROGRAM" "$PWD/ledger" >answer 2>err; }
made() { books; ask 'hello' "$PWD/hello.out" "$PWD/hello.out"; grep -qx HELLO hello.out && grep -q '5 bytes' ledger; }
kept() { grep -qx 'an old entry' ledger; }
# The caller may write its own file, and sends it along, so that a deputy which wants one is served.
ruined() { books; ask 'no such debt' "$1" "$PWD/mine.out"; ! kept; }
ruined_without() { books; ask 'no such debt' "$1" -; ! kept; }

work 'a result reaches the file that the caller opened, and the ledger says so' made
work 'old entries stay' kept
attack 'the ledger by its name' ruined "$PWD/ledger"
attack 'by another spelling' ruined "$PWD/./ledger"
attack 'by a symbolic link' ruined "$PWD/link"
attack 'by a hard link' ruined "$PWD/hard"
attack 'by its name, with no file sent along' ruined_without ledger
verdict
