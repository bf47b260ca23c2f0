# Compilers and interpreters, on small real work.
. "$(dirname "$0")/lib.sh"
GUARD=120

need() { have "$1" || { skip "$2" "$1 is not installed"; return 1; }; }

# ---- gcc and make ----
fixture_project() {
	mkdir -p src include
	for i in 1 2 3 4 5 6 7 8; do
		printf '#include "all.h"\nint part%d(int x) { return x * %d + LEVEL; }\n' $i $i >src/part$i.c
	done
	{
		printf '#pragma once\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#define LEVEL 3\n'
		for i in 1 2 3 4 5 6 7 8; do printf 'int part%d(int x);\n' $i; done
	} >include/all.h
	{
		printf '#include "all.h"\nint main(int argc, char **argv)\n{\n\tint sum = 0;\n'
		for i in 1 2 3 4 5 6 7 8; do printf '\tsum += part%d(argc);\n' $i; done
		printf '\tprintf("%%s %%d\\n", strrchr(argv[0], 47) + 1, sum);\n\treturn sum %% 100;\n}\n'
	} >src/main.c
	cat >Makefile <<'M'
OBJ := $(patsubst src/%.c,out/%.o,$(sort $(wildcard src/*.c)))
all: tool libparts.a libparts.so
tool: $(OBJ)
	@$(CC) $^ -o $@
out/%.o: src/%.c include/all.h | out
	@$(CC) -O2 -fPIC -Wall -Iinclude -c $< -o $@
out:
	@mkdir -p out
libparts.a: $(filter-out out/main.o,$(OBJ))
	@$(AR) rcsD $@ $^
libparts.so: $(filter-out out/main.o,$(OBJ))
	@$(CC) -shared $^ -o $@
test: tool
	./tool a b; echo "status $$?"
clean:
	rm -rf out tool libparts.*
M
}
FIXTURE=fixture_project
if need gcc gcc && need make make; then
	same 'make -j4 and run' -- bash -c 'make -s -j4 && ./tool x; echo $?; make -s -j4; make -n; touch include/all.h; make -q; echo $?'
	same 'make test' -- make -j4 test
	same 'make clean' -- bash -c 'make -s -j4; make clean; ls'
	same 'a shared library that was built' -- bash -c 'make -s -j4 libparts.so; printf "int part1(int); int main(void){return part1(4);}" >m.c; gcc m.c -o m -L. -lparts -Wl,-rpath,$PWD && ./m; echo $?; ldd m | grep -c libparts'
	same 'gcc says what is wrong' -- bash -c 'echo "int main(void){return x;}" >bad.c; gcc -fdiagnostics-color=never bad.c; echo $?; gcc nowhere.c; echo $?'
	same 'gcc from a pipe' -- bash -c 'echo "#include <stdio.h>
int main(void){puts(\"piped\");return 7;}" | gcc -pipe -x c - -o piped && ./piped; echo $?'
	same 'gcc static' -- bash -c 'echo "int main(void){return 9;}" >s.c; gcc -static s.c -o s && ./s; echo $?'
	same 'make fails' -- bash -c 'printf "a: b\n\tfalse\nb:\n\techo b\n" >M; make -f M; echo $?'
fi
need g++ g++ && same 'g++' -- bash -c 'printf "#include <iostream>\n#include <thread>\nint main(){std::thread t([]{std::cout<<\"thread\\\\n\";});t.join();throw_:try{throw 3;}catch(int i){return i;}}" >t.cc; g++ -O1 t.cc -o t -pthread 2>/dev/null && ./t; echo $?'
if need musl-gcc musl-gcc; then
	same 'musl, static' -- bash -c 'printf "#include <stdio.h>\nint main(void){puts(\"musl\");return 0;}" >m.c; musl-gcc -static m.c -o m && ./m'
	same 'musl, dynamic' -- bash -c 'printf "#include <stdio.h>\nint main(void){puts(\"musl\");return 0;}" >m.c; musl-gcc m.c -o m && ./m'
fi

# ---- perl ----
FIXTURE=fixture_tree
if need perl perl; then
	same perl -- perl -MFile::Find -MPOSIX -e 'find({wanted => sub { push @f, $File::Find::name }, no_chdir => 1}, "a"); print join("\n", sort @f), "\n"; open my $p, "-|", "sort a/two"; print while <$p>; $p = fork; if (!$p) { exit 3 } waitpid $p, 0; print $? >> 8, "\n"; print `echo backtick`; mkdir "d"; rename "d", "e"; symlink "e", "f"; print readlink "f"; print "\n", getcwd(), "\n"; local $SIG{ALRM} = sub { print "alarm\n"; exit 4 }; alarm 1; sleep 20'
	same 'perl modules' -- perl -MData::Dumper -MFile::Temp=tempfile -MIO::Socket::UNIX -MStorable -e '$Data::Dumper::Sortkeys = 1; print Dumper({a => [1, 2]}); my ($h, $n) = tempfile(UNLINK => 1); print {$h} "x"; close $h; print -s $n, "\n"; socketpair(A, B, AF_UNIX, SOCK_STREAM, PF_UNSPEC); syswrite A, "pair"; sysread B, $x, 4; print "$x\n"'
fi

# ---- python ----
py=/usr/bin/python3
if need $py python; then
	cat >"$WORK/many.py" <<'P'
import os, subprocess, sys, tempfile, threading, pathlib, hashlib, signal, mmap, socket, select, shutil, json, queue
print(sys.version_info[:2], os.getcwd(), pathlib.Path('.').resolve())
print(subprocess.run(['sort', 'a/two'], capture_output=True).stdout)
print(subprocess.run('exit 4', shell=True).returncode, subprocess.run(['sh', '-c', 'kill -9 $$']).returncode)
try: subprocess.run(['nosuchprogram'])
except FileNotFoundError as e: print(e)
p = subprocess.Popen(['cat'], stdin=subprocess.PIPE, stdout=subprocess.PIPE); print(p.communicate(b'x' * 200000)[0] == b'x' * 200000)
print(subprocess.check_output(['pwd'], cwd='a/b', env={'PATH': '/usr/bin:/bin'}, close_fds=True, start_new_session=True))
q = queue.Queue(); res = []
def work():
    while (n := q.get()) is not None:
        f = f'f{n}'; open(f, 'w').write(str(n)); s = open(f).read(); os.unlink(f); res.append(int(s))
ts = [threading.Thread(target=work) for _ in range(8)]
[t.start() for t in ts]; [q.put(i) for i in range(400)]; [q.put(None) for _ in ts]; [t.join() for t in ts]
print(sum(res))
with tempfile.TemporaryDirectory() as d:
    f = pathlib.Path(d, 'x'); f.write_text('t'); os.link(f, d + '/y'); print(sorted(os.listdir(d)), os.stat(f).st_nlink)
with open('m', 'w+b') as f:
    f.truncate(8192); m = mmap.mmap(f.fileno(), 8192); m[0:4] = b'abcd'; m.flush(); f.seek(0); print(f.read(4))
print(sorted(e.name + str(e.is_dir()) for e in os.scandir('a')), [sorted(x[2]) for x in sorted(os.walk('a'))])
a, b = socket.socketpair(); a.send(b'hi'); print(b.recv(9), select.select([b], [], [], 0)[0])
s = socket.socket(socket.AF_UNIX); s.bind('sock'); s.listen(); c = socket.socket(socket.AF_UNIX); c.connect('sock'); print(s.accept()[0].send(b'over')); print(c.recv(9), s.getsockname()); os.unlink('sock')
for bad in 'nowhere', 'a', 'a/one/x':
    try: print(open(bad).read())
    except OSError as e: print(type(e).__name__, e.errno)
os.chmod('a/one', 0o640); print(oct(os.stat('a/one').st_mode)); os.utime('a/one', (1, 2)); print(os.stat('a/one').st_mtime)
d = os.open('a', os.O_RDONLY); print(sorted(os.listdir(d)), os.stat('two', dir_fd=d).st_size, os.readlink('link', dir_fd=d)); os.mkdir('sub', dir_fd=d); os.rename('sub', 'sub2', src_dir_fd=d, dst_dir_fd=d)
os.chdir(d); print(os.getcwd()); os.fchdir(d); os.chdir('..')
r, w = os.pipe(); pid = os.fork()
if pid == 0: os.write(w, b'child'); os._exit(5)
print(os.read(r, 9), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
pid = os.posix_spawn('/bin/sh', ['sh', '-c', 'exit 6'], os.environ); print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
signal.signal(signal.SIGUSR1, lambda *_: print('usr1')); os.kill(os.getpid(), signal.SIGUSR1)
print(os.path.realpath('linkdir/../one'), shutil.which('sort'), os.access('a/one', os.W_OK), os.access('/etc/passwd', os.W_OK) and os.getuid() != 0)
shutil.copytree('a/b', 'tree'); shutil.rmtree('tree'); os.mkfifo('ff'); os.remove('ff')
P
	cat >"$WORK/mp.py" <<'P'
import multiprocessing as mp, os, concurrent.futures as cf, asyncio
def sq(x): return x * x
def feed(q, n):
    for i in range(n): q.put((os.getpid() > 0, i))
def hold(l, v):
    with l: v.value += 1
if __name__ == '__main__':
    with mp.Pool(4) as p: print(p.map(sq, range(50)))
    q = mp.Queue(); ps = [mp.Process(target=feed, args=(q, 100)) for _ in range(3)]; [p.start() for p in ps]
    print(sum(q.get()[1] for _ in range(300))); [p.join() for p in ps]
    l, v = mp.Lock(), mp.Value('i', 0); ps = [mp.Process(target=hold, args=(l, v)) for _ in range(8)]; [p.start() for p in ps]; [p.join() for p in ps]; print(v.value)
    with cf.ProcessPoolExecutor(3) as e: print(sum(e.map(sq, range(100))))
    print(mp.get_context('spawn').Pool(2).map(sq, [3]))
    from multiprocessing import shared_memory as sm
    s = sm.SharedMemory(create=True, size=100); s.buf[0] = 7; t = sm.SharedMemory(s.name); print(t.buf[0]); t.close(); s.close(); s.unlink()
    async def main():
        p = await asyncio.create_subprocess_exec('echo', 'async', stdout=-1); return (await p.communicate())[0]
    print(asyncio.run(main()))
P
	# These talk over a unix socket in /tmp, which is the space's own.
	cat >"$WORK/manager.py" <<'P'
import multiprocessing as mp
def sq(x): return x * x
if __name__ == '__main__':
    with mp.Manager() as m:
        d = m.dict(); d['x'] = 1; print(dict(d))
    print(mp.get_context('forkserver').Pool(1).map(sq, [4]))
P
	fixture_python() { fixture_tree; cp "$WORK"/*.py .; }
	FIXTURE=fixture_python
	sockets=("--allow=net.listen:unix:$SCRATCH/**" "--allow=net.connect:unix:$SCRATCH/**")
	same 'python: files, threads, subprocesses, sockets' "${sockets[@]}" -- $py many.py
	same 'python: multiprocessing' -- $py mp.py
	same 'python: managers and fork servers' -- $py manager.py
	same 'python: the name of the other side' "${sockets[@]}" -- $py -c 'import socket; s = socket.socket(socket.AF_UNIX); s.bind("sock"); s.listen(); c = socket.socket(socket.AF_UNIX); c.connect("sock"); print(c.getpeername())'
	same 'python writes bytecode' -- bash -c "echo 'x = 5' >mod.py; $py -c 'import mod; print(mod.x)'; ls __pycache__; rm -r __pycache__"
	same 'python fails' -- $py -c 'import sys; sys.stderr.write("to err\n"); raise SystemExit(42)'
	same 'python: a traceback' -- $py -c 'import json; json.loads("{")'
	same 'python -m' -- bash -c "$py -m json.tool <<<'{\"a\":1}'; $py -m zipfile -c z.zip a/one && $py -m zipfile -l z.zip | wc -l; rm z.zip"
fi

# ---- node ----
FIXTURE=fixture_tree
if need node node; then
	cat >"$WORK/n.js" <<'J'
const fs = require('fs'), cp = require('child_process'), path = require('path'), wt = require('worker_threads');
console.log(fs.readdirSync('a').sort(), fs.readFileSync('a/one', 'utf8'), process.cwd());
fs.mkdirSync('x/y/z', {recursive: true}); fs.writeFileSync('x/f', 'text'); fs.renameSync('x/f', 'x/g'); fs.rmSync('x', {recursive: true});
console.log(cp.execSync('sort a/two').toString(), cp.spawnSync('sh', ['-c', 'exit 7']).status);
try { fs.readFileSync('nowhere') } catch (e) { console.log(e.code) }
Promise.all([...Array(50).keys()].map(i => fs.promises.writeFile('p' + i, '' + i).then(() => fs.promises.readFile('p' + i, 'utf8')).then(s => fs.promises.unlink('p' + i).then(() => +s)))).then(v => {
  console.log(v.reduce((a, b) => a + b));
  const w = new wt.Worker('require("worker_threads").parentPort.postMessage(6*7)', {eval: true});
  w.on('message', m => { console.log('worker', m); const c = cp.fork(process.argv[1], ['child']); c.on('exit', s => { console.log('child', s);
    const net = require('net'), srv = net.createServer(s => s.end('hello')).listen('sock', () => net.connect('sock').on('data', d => console.log(d.toString())).on('end', () => { srv.close(); process.exitCode = 3; })); }); });
});
J
	sed -i '1i if (process.argv[2] === "child") process.exit(9);' "$WORK/n.js"
	fixture_node() { fixture_tree; cp "$WORK/n.js" .; }
	FIXTURE=fixture_node
	same 'node: files, processes, workers, sockets' "--allow=net.listen:unix:$SCRATCH/**" "--allow=net.connect:unix:$SCRATCH/**" -- node n.js
	same 'node -e' -- node -e 'console.log(process.version, require("os").EOL.length, require("crypto").createHash("md5").update("x").digest("hex")); process.exit(5)'
fi

# ---- java ----
FIXTURE=fixture_none
if need java java; then
	same 'java -version' -- java -version
fi

# ---- git ----
fixture_git() { printf 'one\n' >one; mkdir d; printf 'two\n' >d/two; }
FIXTURE=fixture_git
if need git git; then
	# Packs and index files hold times: what git says is compared, not the bytes it keeps.
	export GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'
	when=(--setenv "GIT_AUTHOR_DATE=$GIT_AUTHOR_DATE" --setenv "GIT_COMMITTER_DATE=$GIT_COMMITTER_DATE")
	TREE=0 same 'git init, add, commit, status' "${when[@]}" -- bash -c 'git config --global user.name T; git config --global user.email t@example.org; git config --global init.defaultBranch main; git init; git status --short; git add . && git commit -m first; echo more >>one; git status; git diff; git commit -qam second; git log --stat --format="%H %an %s"; git fsck; echo $?'
	TREE=0 same 'git branches, merge, gc, clone' "${when[@]}" -- bash -c 'git config --global user.name T; git config --global user.email t@example.org; git init -q -b main; git add .; git commit -qm 1; git checkout -q -b side; echo s >side; git add side; git commit -qm s; git checkout -q main; echo m >>one; git commit -qam m; git merge -q side -m merged; git log --oneline --graph; git gc -q; git clone -q . ../scratch/copy && ls copy; git stash list; echo x >one; git stash -q; git stash list; git grep -n two; git archive HEAD | tar t; git worktree add -q wt side && git worktree list | wc -l; git tag v1; git describe'
	# The scratch directory is a mount point inside, where git stops looking unless it is told to go on.
	TREE=0 same 'git outside a repository' --setenv GIT_DISCOVERY_ACROSS_FILESYSTEM=1 -- env GIT_DISCOVERY_ACROSS_FILESYSTEM=1 git status
fi

# ---- sqlite ----
FIXTURE=fixture_none
sql='pragma journal_mode=wal; create table t(a integer primary key, b text); with recursive n(i) as (select 1 union all select i+1 from n where i<1000) insert into t select i, hex(i) from n; create index i on t(b); begin; delete from t where a%3=0; commit; select count(*), sum(a), max(b) from t; vacuum; pragma integrity_check; pragma journal_mode=delete;'
if have sqlite3; then
	same sqlite3 -- bash -c "sqlite3 db '$sql'; sqlite3 db .dump | cksum; sqlite3 db 'select * from none'; echo \$?"
	same 'sqlite3, four writers' -- bash -c 'sqlite3 db "create table t(a)"; for i in 1 2 3 4; do (for j in $(seq 10); do sqlite3 -cmd ".timeout 60000" db "insert into t values($i)"; done) & done; wait; sqlite3 db "select a, count(*) from t group by a"; rm db'
elif [ -x $py ]; then
	same 'sqlite by python' -- $py -c "import sqlite3; d = sqlite3.connect('db', isolation_level=None); [print(d.execute(s).fetchall()) for s in '''$sql'''.split(';') if s.strip()]"
else
	skip sqlite 'neither sqlite3 nor python3 is installed'
fi

# ---- a static Go program that reads many files at once ----
if need go go; then
	mkdir -p "$WORK/go"
	cp "$SRC/scenarios/programs/readall.go" "$WORK/go/main.go"
	if (cd "$WORK/go" && CGO_ENABLED=0 GOCACHE="$WORK/gocache" GOFLAGS=-mod=mod GO111MODULE=off go build -o readall main.go) >"$WORK/go.out" 2>&1; then
		fixture_go() {
			for d in $(seq 10); do
				mkdir "d$d"
				for f in $(seq 40); do printf '%s.%s\n' "$d" "$f" >"d$d/f$f"; done
			done
			cp "$WORK/go/readall" .
		}
		FIXTURE=fixture_go
		same 'go reads 400 files at once' -- ./readall .
		same 'go reads the system' -- ./readall /usr/include/linux
	else
		fail 'build readall' "$(cat "$WORK/go.out")"
	fi
fi
