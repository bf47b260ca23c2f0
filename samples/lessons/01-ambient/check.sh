# Lesson 1: does the untrusted program count the words, and get at nothing else?
. "$(dirname "$0")/../lib.sh"
mkdir letters home
echo 'Dear reader, this letter has nine words in all.' >letters/letter
echo 'what I would rather keep' >letters/diary
cp letters/diary home/diary
HOME=$PWD/home
export HOME

natively() { bounded "$BIN/counter" letters/letter >out 2>err; grep -q 'stolen: what I' out; }
launch() { bounded "$PROGRAM" "$CORDON" "$BIN/counter" "$PWD/letters/letter" >out 2>err; }
counted() { launch; grep -q '^9 words' out; }
stolen() { launch; grep -q 'stolen: ' out; }
another() { echo one two >letters/letter; launch; grep -q '^2 words' out; }

shown 'run freely, the counter takes the diary' natively
work 'the words of the letter are counted' counted
attack 'the diary is read' stolen
work 'and those of another letter' another
verdict
