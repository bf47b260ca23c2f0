# All of coreutils on a scratch tree. What the package holds is asked of dpkg, so that nothing is forgotten: a program
# with no line below fails.
. "$(dirname "$0")/lib.sh"
FIXTURE=fixture_tree
umask 022

# program TAB command, in a bash of its own. Several lines for one program are fine.
commands() {
	cat <<'T'
[	[ a/one -nt a/b/large ]; echo $?; [ -f a/two ]; echo $?
arch	arch
b2sum	b2sum a/one a/b/large >sums; b2sum -c sums
base32	base32 a/two | base32 -d
base64	base64 a/two; base64 a/b/large | base64 -d | cksum
basename	basename /x/y.c .c
basenc	basenc --base16 a/one
cat	cat -A a/two - a/nowhere <a/one
chgrp	chgrp $(id -g) a/one linkdir; chgrp -R $(id -g) a/b
chmod	chmod 751 a/one; chmod -R u=rwX,go= a/b; chmod g+s empty; chmod +t empty; chmod --reference=a/b/script a/two
chown	chown $(id -u):$(id -g) a/one; chown -h $(id -u) a/dangling
cksum	cksum a/one a/b/numbers; cksum -a sm3 a/two 2>&1
comm	comm a/one <(sort a/two)
cp	cp -a a copy; cp -r a/b plain; cp -l a/one hardlink; cp -s $PWD/a/one symlink; cp --reflink=auto a/b/large .; cp -u a/one a/two; cp a nodir; echo $?
cp	cp --sparse=always a/b/large sparse; cp -b a/one a/two; cp --parents a/b/c/* empty; cp -T a/one target; cp --attributes-only a/b/large attr; cp -p a/b/numbers kept; stat -c '%n %Y %a' kept
csplit	csplit -s a/b/numbers 100 '{2}'; ls
cut	cut -d' ' -f2 a/two
date	date -u -d @86400; date -r a/one -u; TZ=Europe/Paris date -d @0
dd	dd if=a/b/large of=out bs=1k skip=2 count=5 seek=1 2>/dev/null; dd if=/dev/zero of=z bs=64k count=4 oflag=sync status=none; dd if=a/one of=a/two conv=notrunc status=none; dd if=a/b/large iflag=direct of=/dev/null status=none 2>&1 | wc -l
df	df --output=target . >/dev/null; echo $?; df nowhere; echo $?
dir	dir -R
dircolors	dircolors -b | cksum
dirname	dirname /a/b/c x
du	du -ab a; du -s --apparent-size --inodes .
echo	/bin/echo -e 'a\tb'
env	env -i X=1 env; env -C a pwd; env nosuchprogram; echo $?
expand	printf '\ta\tb\n' | expand -t 4
expr	expr 6 '*' 7; expr abc : 'a\(.\)c'
factor	factor 123456789 18446744073709551557
false	/bin/false
fmt	fmt -w 20 a/two a/b/c/*
fold	head -c 200 a/b/large | fold -w 60
groups	setpriv --help >/dev/null; id -g >/dev/null; groups | wc -l
head	head -n 3 a/b/numbers; head -c -69990 a/b/large
id	id -u; id -g; id -un; id -u nobody
install	install -d new/dir; install -m 711 a/b/script new/dir; install -D a/one deep/er/one; install -s a/one x 2>/dev/null; echo $?
join	join <(sort a/two) <(sort a/two)
link	link a/one linked; link nowhere x; echo $?
ln	ln a/two t2; ln -s a/two s2; ln -sf a/one s2; ln -sr a/b/numbers empty/rel; ln -n -s x linkdir; ln a/link ll; ln -P a/link lp; ln -L a/link lL; ln a d; echo $?
logname	logname 2>&1 | wc -l
ls	ls -laR --time-style=full-iso a/one a/two a/b/numbers; ls -1F a; ls -i a | wc -l; ls nowhere; ls -Z a/one | wc -l; ls --color=always -d a linkdir a/fifo; ls -lL a/link | cut -c1-10; ls -lH linkdir | wc -l
ls	ls -la --time-style=+x . | tail -n +2 | sed 's/  *[0-9]* x/ x/'; ls -S a/b; ls -t a; ls -U a | sort; ls -X a
md5sum	md5sum a/one; md5sum --tag a/two; echo 'd41d8cd98f00b204e9800998ecf8427e  a/one' | md5sum -c
md5sum.textutils	md5sum.textutils a/one
mkdir	mkdir -p x/y/z; mkdir -m 700 p; mkdir a; echo $?; mkdir nowhere/x; echo $?; mkdir -v q; mkdir linkdir/made; mkdir x/; echo $?
mkfifo	mkfifo -m 600 pipe; (echo through >pipe &); cat pipe; mkfifo a; echo $?
mknod	mknod pipe p; stat -c %F pipe; mknod a p; echo $?
mktemp	mktemp -p . XXXXXX | wc -c; mktemp -d -p empty tXXXXXX | wc -c; rm -rf ./?????? empty/*
mv	mv a/one moved; mv a/b empty; mv -n a/two moved; mv -T empty/b/c c; mv nowhere x; echo $?; mv a a/.hidden/x; echo $?; mv a empty/b/numbers; echo $?; mv -b moved a/two; mv linkdir l2; mv a empty/a
mv	mv a /tmp/cordon-moved.$$ && mv /tmp/cordon-moved.$$ back && ls -R back
nice	nice; nice -n 5 nice; nice -n 3 echo x
nl	nl a/one
nohup	nohup echo x 2>/dev/null </dev/null | cat
nproc	nproc
numfmt	numfmt --to=iec 123456789
od	od -An -tx1 a/one; od -c a/two | tail -n 2
paste	paste a/one a/two
pathchk	pathchk a/one; pathchk -p 'x y'; echo $?; pathchk a/one/x; echo $?
pr	pr -t -2 a/one
printenv	printenv LANG; printenv NOSUCH; echo $?
printf	/usr/bin/printf '%05d|%s\n' 42 x
ptx	ptx a/two
pwd	/bin/pwd; cd linkdir; /bin/pwd -L; /bin/pwd -P
readlink	readlink a/link; readlink -f a/link; readlink -e a/dangling; echo $?; readlink -m a/dangling/x; readlink a/one; echo $?
realpath	realpath linkdir/../one; realpath --relative-to=a linkdir; realpath -e nowhere; echo $?; realpath /proc/self/cwd; realpath -s linkdir
rm	rm a/one; rm -r a/b; rm -f nowhere; rm nowhere; echo $?; rm a; echo $?; rm -d empty; rm linkdir; rm -rf a
rmdir	rmdir empty; rmdir a; echo $?; mkdir -p p/q/r; rmdir -p p/q/r; rmdir linkdir; echo $?; rmdir --ignore-fail-on-non-empty a
seq	seq -w 1 3 20
sha1sum	sha1sum a/one
sha224sum	sha224sum a/one
sha256sum	sha256sum a/one a/b/large
sha384sum	sha384sum a/one
sha512sum	sha512sum a/one
shred	shred -n 1 -z a/b/large; cksum a/b/large; shred -u a/two; ls a
shuf	shuf -i 1-10 --random-source=a/b/large | sort -n | cksum; shuf a/one | sort
sleep	sleep 0.05
sort	sort -rn a/b/numbers | head -n 2; sort -k2 a/two; sort -o a/two a/two; cat a/two; sort --parallel=2 -S 32k a/b/numbers -R | wc -l; sort -c a/b/numbers; echo $?; sort -m a/one a/one -T .
split	split -n 3 a/b/numbers; split -l 200 --filter='wc -l' a/b/numbers; split -b 30000 -d a/b/large part
stat	stat -c '%n %s %a %F %h %U %N' a/one a/two a/link a/fifo linkdir a/b/script; stat -L -c %s a/link; stat nowhere; stat -f -c %t . >/dev/null; stat -c %n - </dev/null; stat -c %m . >/dev/null
stat	stat -c '%y|%Y' a/one; stat -c '%i' a/one a/hard | uniq | wc -l; stat -L a/dangling; stat -c %F - <a/one; stat a/one/x
stdbuf	stdbuf -oL cat a/one
stty	stty; echo $?
sum	sum a/one; sum -s a/two
sync	sync a/one; echo $?; sync -f a; echo $?; sync -d a/two; sync; echo $?
tac	tac a/one; tac -s' ' a/two
tail	tail -n 2 a/one; tail -c 3 a/two; tail -f a/one --pid=$$ & sleep 0.1; kill $!; (sleep 0.2; echo more >>a/two; sleep 0.3; kill $(cat pid)) & sh -c 'echo $$ >pid; exec tail -n 0 -f a/two'; wait; rm pid
tee	echo x | tee t1 t2; echo y | tee -a t1 >/dev/null; echo z | tee nowhere/x; echo $?
test	/usr/bin/test -L a/link; echo $?; /usr/bin/test -w a/two; echo $?; /usr/bin/test -x a/one; echo $?; /usr/bin/test -O a/one; echo $?
timeout	timeout 0.1 sleep 20; echo $?; (exec 2>/dev/null; bash -c 'timeout -s KILL 0.1 sleep 20; echo $?'); timeout 20 true; echo $?
touch	touch new; touch -d @1000000 a/two; touch -r a/one a/b/large; touch -c nowhere; touch -h -d @5 a/dangling; touch -a -d @7 a/b/numbers; stat -c '%n %X %Y' a/one a/b/large a/dangling a/b/numbers | sed '/one/d'; touch nowhere/x; echo $?; touch a/dangling; ls a; touch - </dev/null; echo $?
tr	tr a-z A-Z <a/two
true	/bin/true
truncate	truncate -s 10 a/b/large; truncate -s +5 a/one; truncate -r a/two new; truncate -s 3 a; echo $?; stat -c '%n %s' a/b/large a/one new
tsort	tsort a/two; echo 'a b b c' | tsort
tty	tty; echo $?
uname	uname -s -r -m
unexpand	printf '        a\n' | unexpand
uniq	printf 'a\na\nb\n' | uniq -c
unlink	unlink a/link; unlink a; echo $?; unlink nowhere; echo $?
vdir	vdir --time-style=+x a/b | sed 's/^total.*//'
wc	wc a/one a/two a/b/large; wc -L a/two; cat a/one | wc --total=never 2>/dev/null | wc -l
whoami	whoami
yes	yes | head -n 2
T
}

# Those that cannot be compared, and why.
reasons() {
	cat <<'T'
chcon	needs a security label, which neither side has
runcon	needs a security label, which neither side has
chroot	is refused in a space by design: the view is not the space's to change (see attacks)
hostid	tells the machine's identity from its address, which a space does not show
pinky	reads the table of logins, which a space does not show
users	reads the table of logins, which a space does not show
who	reads the table of logins, which a space does not show
uptime	reads the machine's load
coreutils	is the multi-call binary of other packagings
T
}
reason_of() { reasons | awk -F'\t' -v name="$1" '$1 == name { print $2 }'; }

have dpkg && list=$(dpkg -L coreutils 2>/dev/null | grep -E '/s?bin/[^/]+$' | xargs -n1 basename | sort -u)
[ -n "${list:-}" ] || { skip coreutils 'dpkg does not know the package'; exit 0; }
for name in $list; do
	n=0
	while IFS=$'\t' read -r of command; do
		[ "$of" = "$name" ] || continue
		n=$((n + 1))
		same "$name${n/#1/}" -- bash -c "$command"
	done < <(commands)
	[ $n = 0 ] || continue
	[ -z "$(reason_of "$name")" ] || continue
	fail "$name" 'this program of coreutils has no line in tests/scenarios/coreutils.sh'
done

# Those named with a reason still must start, and end.
for name in $list; do
	[ -n "$(reason_of "$name")" ] || continue
	TREE=0 same "$name --version" -- "$name" --version
done

# What a space refuses by design, whoever asks: ids other than the one user's, and files that lend their identity.
FIXTURE=fixture_tree
inside 'chown to another user is refused' 1 -- chown 54321 a/one
also 'chown says so' err_has 'Operation not permitted'
inside 'chgrp to another group is refused' 1 -- chgrp 54321 a/one
also 'chgrp says so' err_has 'Operation not permitted'
inside 'chmod 4755 is refused' 1 -- chmod 4755 a/b/script
also 'the mode is what it was' test "$(stat -c %a "$SCRATCH/a/b/script")" = 755
