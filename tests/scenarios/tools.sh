# find, tar and what else an ordinary script calls.
. "$(dirname "$0")/lib.sh"
FIXTURE=fixture_tree

same find -- bash -c 'find . | sort; find a -type f -size +10k; find . -name "*.x" -o -type l | sort; find . -newer a/one -type d | sort; find -L . -name numbers | sort; find . -perm 600; find a -empty; find . -type p'
same 'find -exec' -- bash -c 'find a -type f -exec wc -c {} + | sort -n; find a -name one -exec cat {} \; ; find a -name "*.none" -delete; find a/b -type f -name large -delete; find a -maxdepth 1 -type f -execdir echo {} \; | sort; find . -samefile a/one | sort; find nowhere'
same 'find -printf' -- bash -c 'find . -printf "%P|%y|%m|%s|%l\n" | grep -v "|d|" | sort; find . -inum $(stat -c %i a/one) | sort; find -xdev -depth -type d | sort'
same 'find through the system' -- bash -c 'find /usr/share/perl* /usr/lib/python3* -type f 2>/dev/null | sort | cksum'
same xargs -- bash -c 'find a -type f -print0 | sort -z | xargs -0 -n1 -P4 cksum | sort; echo x | xargs -I{} echo {}y; xargs false </dev/null; echo $?'
same grep -- bash -c 'grep -r two . | sort; grep -c 7 a/b/numbers; grep -l x -r a | sort; grep nothing a/one; echo $?; grep x a; echo $?'
same sed -- bash -c 'sed -i.bak s/one/1/ a/one; sed -n 5,7p a/b/numbers; sed -i --follow-symlinks 1d a/link; sed -e w\ written a/two'
same awk -- awk '{ print $1 > "by-" $1; "echo sub" | getline x; print x } END { system("ls") }' a/two
same diff -- bash -c 'cp -r a x; rm x/fifo; echo >>x/one; diff -r a x | grep -v fifo; diff -u a/one x/one | tail -n 3; cmp a/one x/one; echo $?'
same patch -- bash -c 'command -v patch >/dev/null || exit 0; cp a/one n; echo four >>n; diff -u a/one n >p; patch -s a/one <p; cat a/one; rm p n'
same gzip -- bash -c 'gzip -k a/b/large; gunzip -c a/b/large.gz | cksum; xz -k a/b/numbers 2>/dev/null && xz -dc a/b/numbers.xz | cksum; rm -f a/b/*.gz a/b/*.xz'
same 'file locks' -- bash -c 'exec 9>lock; flock -n 9 && echo got; (flock -n a/two -c "echo second"); (exec 8>lock; flock -n 8; echo $?)'
same 'ps sees the space' -- bash -c 'sleep 3 & ps -o comm= -p $! ; kill $!'

fixture_tar() {
	fixture_tree
	mkdir -p many
	for i in $(seq 200); do printf '%s\n' "$i" >"many/file-$i"; done
	# Root is allowed everywhere by capabilities, which a space does not have.
	[ "$T_WHO" = root ] || chmod 500 many
	printf 'x' >"a/$(head -c 200 /dev/zero | tr '\0' n)"
	truncate -s 1M a/sparse
	printf data | dd of=a/sparse bs=1 seek=500000 conv=notrunc status=none
}
FIXTURE=fixture_tar
same 'tar roundtrip' -- bash -c 'tar cf t.tar a linkdir empty many && mkdir x && tar xpf t.tar -C x && (cd x; find . -printf "%P %y %m %s %l %n\n" | sort | grep -v " d "; find . -type f | sort | xargs -d "\n" cksum) && tar df t.tar && echo equal; rm t.tar; chmod -R u+w x'
same 'tar, compressed, listed, sparse' -- bash -c 'tar czSf t.tgz a && tar tvzf t.tgz --full-time | sed "s/ 20[0-9-]* [0-9:.]*//" && tar xzf t.tgz --transform s,^a,moved, && cmp a/sparse moved/sparse && echo same; rm t.tgz'
same 'tar over a pipe' -- bash -c 'tar cf - many | (mkdir y; cd y; tar xf -); diff -r many y/many && echo same; chmod u+w y/many'
same 'tar with owners and times' -- bash -c 'tar --numeric-owner -cf t.tar a/one a/two; tar tvf t.tar --numeric-owner --full-time a/one; rm a/one; tar xf t.tar a/one; stat -c "%Y %a %u:%g" a/one; rm t.tar'
