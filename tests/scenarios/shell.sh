# bash and sh: pipes, job control in scripts, process substitution, redirections, #! scripts and chains of them.
. "$(dirname "$0")/lib.sh"
FIXTURE=fixture_tree

same pipes -- bash -c 'cat a/b/numbers | grep 7 | sort -rn | head -n 5 | tee copy | wc -l; echo ${PIPESTATUS[@]}'
same 'exit status' -- bash -c 'exit 37'
same 'a pipe whose reader leaves' -- bash -c 'set -o pipefail; yes | head -n 3; echo $?'
same 'job control' -- bash -c 'set -m; sleep 0.2 & sleep 0.3 & jobs -r | wc -l; wait; echo waited $?; (exit 5) & wait $!; echo $?'
same 'stop and continue a job' -- bash -c 'exec 2>/dev/null; set -m; sleep 0.5 & p=$!; kill -STOP $p; while [ "$(ps -o stat= -p $p | cut -c1)" != T ]; do :; done; jobs -s >stopped; grep -c Stopped stopped; rm stopped; kill -CONT $p; fg >/dev/null; echo $?'
same 'killed jobs' -- bash -c 'sleep 50 & kill $!; wait $!; echo $?; sleep 50 & kill -9 $!; wait $! 2>/dev/null; echo $?'
same 'process substitution' -- bash -c 'diff <(sort a/two) <(printf "a b\nb c\n"); echo $?; cat a/one > >(tr a-z A-Z >upper); sleep 0.3; cat upper'
same 'here documents' -- bash -c $'cat <<E; cat <<<"a string"\nfirst\n$((6*7))\nE'
same redirections -- bash -c 'exec 5>five; echo x >&5; exec 5>&-; cat five; echo y >>five; read l <five; echo $l; cat nowhere; ls a 2>&1 >/dev/null; echo 1 >a; : >|five; set -C; : >five'
same coprocess -- bash -c 'coproc tr a-z A-Z; echo hello >&${COPROC[1]}; eval "exec ${COPROC[1]}>&-"; cat <&${COPROC[0]}'
same traps -- bash -c 'trap "echo usr1" USR1; trap "echo bye" EXIT; kill -USR1 $$; trap - INT; echo end'
same globs -- bash -c 'shopt -s globstar dotglob; echo **; cd linkdir; pwd; pwd -P; cd ..; pwd; cd -P linkdir; cd ..; pwd'
same 'tests of files' -- bash -c 'for f in a a/one a/link a/dangling a/fifo nowhere /dev/null a/b/script; do for t in e f d L p c r w x s; do [ -$t $f ] && echo $f $t; done; done; [ a/one -ef a/hard ] && echo same; [ a/one -ot a/b/large ] && echo older'
same 'read and mapfile' -- bash -c 'while read -r a b; do echo "$b"; done <a/two; mapfile -t x <a/one; echo ${#x[@]} ${x[1]}'
same umask -- bash -c 'umask 077; touch u1; mkdir d1; umask 0; touch u2; mkdir d2; umask 027; (umask 0777; touch u3); touch u4; stat -c "%n %a" u? d?'
same 'many subshells' -- bash -c 'for i in $(seq 60); do (echo $i) ; done | sum; for i in $(seq 20); do x=$(echo $i); done; echo $x'
same dash -- sh -c 'set -e; i=0; while [ $i -lt 20 ]; do i=$((i+1)); /bin/true; done; echo $i; cat nowhere || echo no; false; echo never'
same 'not found' -- bash -c 'nosuchprogram; echo $?; ./a/one; echo $?; ./a; echo $?; ./nowhere; echo $?'
same 'a limit' -- bash -c 'ulimit -n 20; ulimit -n; ulimit -f 1; (exec 2>/dev/null; bash -c "head -c 4096 /dev/zero >big; echo \$?")'
same 'the shell prints its directory' -- sh -c 'pwd; cd a/b; /bin/pwd; cd ../..; readlink -f a/link'

fixture_scripts() {
	printf '#!/bin/sh\necho "sh: $0 $*"\n' >s1
	printf '#!%s/s1 one argument\n' "$SCRATCH" >s2
	printf '#!%s/s2\n' "$SCRATCH" >s3
	printf '#!/usr/bin/env -S bash -e\necho "env: $0 $#"\nfalse\necho never\n' >s4
	printf '#!/no/such/interpreter\n' >s5
	printf 'echo "no line: $1"\n' >s6
	printf '#!/bin/sh' >s7
	printf '#!   /bin/echo   spaced   \n' >s8
	printf '#!%s/loop\n' "$SCRATCH" >loop
	printf '#!/usr/bin/perl\nprint "perl $0 @ARGV\\n"; exit 3;\n' >s9
	printf '#!\n' >s10
	printf '#!/bin/sh\necho unreadable\n' >s11
	{ printf '#!/bin/sh '; head -c 300 /dev/zero | tr '\0' y; printf '\n'; } >s12
	cp s1 'a script'
	chmod 755 s? s1? loop 'a script'
	chmod 711 s11
	mkdir sub
	ln -s ../s1 sub/link
}
FIXTURE=fixture_scripts
for s in s1 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 s12 loop 'a script' sub/link; do
	same "script $s" -- bash -c "./'$s' x 'y z'; echo \$?"
	same "script $s directly" -- env "./$s" x 'y z'
done
same 'a script by a relative path elsewhere' -- bash -c 'cd sub; ../s1 p; ./link q; PATH=.:..:$PATH; s3 r'
# A pipe that is opened by its name waits, or not, in a worker; what it is given must be the pipe, every time.
FIXTURE=fixture_tree
same 'process substitution, many times' -- bash -c 'for i in $(seq 150); do cat <(sort a/two; exec echo $i) | cksum; done'
