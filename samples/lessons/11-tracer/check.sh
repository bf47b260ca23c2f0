# Lesson 11: is what the program did in the trace, and nothing else?
. "$(dirname "$0")/../lib.sh"
mkdir files

trace() { rm -f trace; bounded "$PROGRAM" trace "$PWD/files" "$@" >out 2>err; }
reads() { echo hello >files/letter; trace cat "$PWD/files/letter"; grep -q hello out && grep -Eq "^[a-z.,]*fs\.read[a-z.,]* $PWD/files/letter\$" trace; }
status() { trace sh -c 'exit 7'; [ $? = 7 ]; }
seen() { grep -q "$1\$" trace 2>/dev/null; }
unseen() { trace sh -c "echo x >$PWD/files/made; rm $PWD/files/made"; ! { seen files/made && grep -q fs.remove trace; }; }
forged() {
	name=$(printf 'x\nfs.read /home/me/.ssh/id_rsa')
	mkdir -p "files/$(dirname "$name")"
	echo x >"files/$name"
	trace cat "$PWD/files/$name"
	grep -qx 'fs.read /home/me/.ssh/id_rsa' trace
}

work 'a file that is read is in the trace' reads
work 'the program'\''s exit status is the tracer'\''s' status
attack 'a file is made and removed, and the trace does not say so' unseen
attack 'the trace says that a key was read, which never was' forged
verdict
