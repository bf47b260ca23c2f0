# The shim: programs that load code oddly, leave calls oddly, or guard themselves, and what it makes faster.
. "$(dirname "$0")/lib.sh"
have gcc || { skip shim 'gcc is not installed'; exit 0; }
program shim || exit 0
ADDRESSES="sed -E s/0x[0-9a-f]{8,}/ADDRESS/g" # differ from run to run
fixture_shim() { fixture_tree; cp "$WORK"/bin/* .; }
FIXTURE=fixture_shim

# build NAME COMMAND...: $WORK/bin/NAME, if this machine has what it takes. The command ends where -o NAME is put.
build() {
	local name=$1
	shift
	"$@" -o "$WORK/bin/$name" >"$WORK/cc.out" 2>&1 && return 0
	skip "$name" "cannot be built here: $(grep -m 1 -E 'error|cannot|not found' "$WORK/cc.out")"
	return 1
}
SOURCE=$SRC/scenarios/programs/shim.c
build shim-static gcc -w -O1 -static "$SOURCE" -pthread && STATIC=1
build shim-static-pie gcc -w -O1 -static-pie "$SOURCE" -pthread && STATIC_PIE=1
build shim-no-pie gcc -w -O1 -no-pie -fno-pie "$SOURCE" -pthread
build shim-musl musl-gcc -w -O1 -idirafter /usr/include -idirafter "/usr/include/$(gcc -print-multiarch)" "$SOURCE" && MUSL=1
build shim-cxx g++ -O1 "$SRC/scenarios/programs/shim_cancel.cc" -pthread && CXX=1
# At the shim's own address, so that it finds no room.
build shim-there gcc -w -O1 -fPIC -pie -Wl,-Ttext-segment=0x7ecd00000000 "$SOURCE" -pthread

# ---- is it there at all? ----
messages() { # FLAG... -- COMMAND...: how many messages reached the monitor
	(cd "$SCRATCH" && timeout -k 10 $GUARD "$CORDON" run --json --rw "$SCRATCH" --allow-run="$SCRATCH" --chdir "$SCRATCH" "$@") \
		2>&1 >/dev/null </dev/null | sed -nE 's/.*"messages":([0-9]+).*/\1/p'
}
refresh
messages -- true >/dev/null # makes the copies
if [ "$(cd "$SCRATCH" && "$CORDON" run -q --rw "$SCRATCH" --allow-run="$SCRATCH" --chdir "$SCRATCH" -- ./shim mapped 2>/dev/null)" = mapped ]; then
	pass 'it is mapped'
	# A count of their own for each: what is asked natively, and what of the monitor.
	fewer() {
		local name=$1 most=$2 with without
		shift 2
		with=$(messages "$@") without=$(CORDON_WITHOUT=shim messages "$@")
		if [ "${with:-9999}" -le "$most" ] && [ "${without:-0}" -gt "$most" ]; then
			pass "$name"
		else
			fail "$name" "messages: $with, and $without without the shim; wanted: at most $most, and more"
		fi
	}
	fewer 'looking at files asks nobody' 25 -- stat -c %n a/one a/two a/b/numbers a/link linkdir a/.hidden /usr/bin /usr/lib /usr/share /usr/bin/env
	fewer 'reading files asks nobody' 30 -- cat a/one a/one a/one a/one a/one a/one a/one a/one a/one a/one a/one
	fewer 'a walk asks nobody' 40 -- find /usr/include -name stdio.h
	fewer 'what is not there asks nobody' 40 -- sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do test -e /usr/none/$i; test -d /usr/none.$i; done'
	fewer 'making and removing directories asks nobody' 45 -- sh -c 'mkdir d d/1 d/2 d/3 d/4 d/5 d/6 d/7 d/8 d/9; rmdir d/1 d/2 d/3 d/4 d/5 d/6 d/7 d/8 d/9 d'
	[ -z "${MUSL:-}" ] || fewer 'nor do programs made with musl' 300 -- ./shim-musl calls
	# Copies have the rights of what they cover, also where these are said file by file.
	exactly() { # NAME COMMAND...: under the policy that names what it needs, and nothing more
		local name=$1
		shift
		rm -f "$WORK/exact.json" "$WORK/exact.why.md"
		(cd "$SCRATCH" && timeout -k 10 $GUARD "$CORDON" learn --exact -o "$WORK/exact.json" -- "$@") >"$OUT" 2>"$ERR" </dev/null
		inside "$name" 0 -p "$WORK/exact.json" --chdir "$SCRATCH" -- "$@"
	}
	exactly 'each file by its name' ls /
	[ -z "${MUSL:-}" ] || CORDON_WITHOUT=${CORDON_WITHOUT:-}${CORDON_WITHOUT:+,}musl exactly 'each file by its name, with the musl that is lent' ./shim-musl mapped
	# The address is taken: everything goes through the monitor.
	inside 'its address is taken' 0 -- ./shim-there mapped
elif [ "${T_BORDER:-settled}" = full ]; then
	skip 'it is mapped' 'this run is without it'
else
	skip 'it is mapped' "this machine lacks something: $(timeout 60 "$CORDON" run -v -- true 2>&1 | head -n 1)"
fi

# ---- what the calls answer, from every sort of program ----
for p in shim shim-no-pie shim-there shim-static shim-static-pie shim-musl; do
	[ -x "$WORK/bin/$p" ] || continue
	for part in calls exhausted jump nested cancel storm filter names; do
		same "$p $part" -- "./$p" $part
	done
	same "$p again" -- "./$p" again
done
same 'dlopen, dlmopen' -- ./shim library
[ -z "${MUSL:-}" ] || same 'dlopen, with musl' -- ./shim-musl library
[ -z "${CXX:-}" ] || same 'destructors of cancelled threads' -- ./shim-cxx

# ---- a program that takes its shim away dies by it, or does without; the space goes on ----
for way in unmap zero none; do
	inside "the shim is gone: $way" 0 -- sh -c "ulimit -c 0; ./shim unmap $way; echo \"ended: \$?\"; ./shim calls >/dev/null; cat a/one"
	also "and hurts nobody else: $way" out_has '^three$'
done

# ---- interpreters, started in every way ----
RTLD=/lib64/ld-linux-x86-64.so.2
NORMAL=$ADDRESSES
same ldd -- ldd /bin/ls ./shim
same 'ld.so, a program' -- $RTLD /bin/ls a
same 'ld.so, --list' -- $RTLD --list /bin/ls
same 'ld.so, --library-path' -- $RTLD --library-path /lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu ./shim calls
same 'ld.so, --argv0' -- $RTLD --argv0 other ./shim-cxx
same 'ld.so, --preload' -- $RTLD --preload libm.so.6 ./shim library
same 'ld.so, --verify' -- $RTLD --verify ./shim
same 'ld.so, nothing to do' -- $RTLD
same 'ld.so of itself' -- $RTLD $RTLD /bin/echo x
same 'LD_DEBUG' -- sh -c 'LD_DEBUG=libs LD_DEBUG_OUTPUT=d /bin/true; grep -c "find library" d.*; rm d.*'
same 'LD_BIND_NOW, LD_SHOW_AUXV' -- sh -c 'LD_BIND_NOW=1 LD_SHOW_AUXV=1 /bin/true | grep -E "PAGESZ|PHENT|UID"'
same 'another libc beside' -- sh -c 'cp -L /lib/x86_64-linux-gnu/libc.so.6 . && LD_LIBRARY_PATH=. ./shim calls ; rm -f libc.so.6'
same 'a copy of the interpreter' -- sh -c "cp -L $RTLD ld.so && ./ld.so ./shim calls ; rm -f ld.so"
if [ -n "${MUSL:-}" ]; then
	same 'musl, as ldd' -- /lib/ld-musl-x86_64.so.1 --list ./shim-musl
	same 'musl, run directly' -- /lib/ld-musl-x86_64.so.1 ./shim-musl calls
fi
NORMAL=cat

# What a space copies is a file like any other.
inside 'copies made inside' 0 -- sh -c "cp -L $RTLD ld.so && cp -L /lib/x86_64-linux-gnu/libc.so.6 . && chmod 755 ld.so libc.so.6"
OUT=$WORK/native.out
(cd "$SCRATCH" && timeout 60 ./ld.so --library-path .:/lib/x86_64-linux-gnu ./shim filter) >"$OUT" 2>"$ERR" </dev/null
also 'run outside of any space' out_has '^killed by 31$'
OUT=$WORK/out

# ---- scripts ----
same 'scripts of scripts' -- sh -c 'printf "#!/bin/sh\necho one \"\$@\"\n" >s1; printf "#!$PWD/s1 first\necho never\n" >s2; printf "#!$PWD/s2 second\n" >s3
	printf "#!/usr/bin/env -S sh -e\necho env \$0\n" >s4; printf "#!$PWD/none\n" >s5; printf "#!/usr/none\n" >s6; printf "#!$PWD/s7\n" >s7
	chmod 755 s?; for s in s1 s2 s3 s4 s5 s6 s7; do ./$s x; echo $?; done 2>&1'

# ---- libraries put before ----
cat >"$WORK/before.c" <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
int access(const char *path, int mode)
{
	int (*next)(const char *, int) = (int (*)(const char *, int))dlsym(RTLD_NEXT, "access");
	struct stat st;

	if (strcmp(path, "a/one") == 0)
		return stat("/usr/none", &st) - 1;
	return next(path, mode);
}
C
mkdir -p "$WORK/more"
gcc -w -shared -fPIC "$WORK/before.c" -o "$WORK/more/before.so"
gcc -w -shared -fPIC -x c - -o "$WORK/more/audit.so" <<'C'
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
unsigned la_version(unsigned v) { return v; }
char *la_objsearch(const char *name, void *cookie, unsigned flag)
{
	if (strstr(name, "libc.so")) write(2, access("/usr/none", F_OK) ? "asked\n" : "wrong\n", 6);
	return (char *)name;
}
C
fixture_shim() { fixture_tree; cp "$WORK"/bin/* "$WORK"/more/* .; }
same LD_PRELOAD -- sh -c 'LD_PRELOAD=$PWD/before.so ./shim calls'
same 'LD_PRELOAD, missing' -- sh -c 'LD_PRELOAD=/usr/none.so ./shim names'
same LD_AUDIT -- sh -c 'LD_AUDIT=$PWD/audit.so ./shim-cxx'

# ---- limits, addresses ----
for limit in '-v 30000' '-v 6000' '-s 128' '-d 2000' '-n 20' '-f 0' '-l 0'; do
	same "ulimit $limit" -- bash -c "ulimit $limit; ./shim names 2>&1; cat a/two 2>&1; ls a 2>&1"
done
if have setarch; then
	refresh
	(cd "$SCRATCH" && timeout 60 setarch -R "$CORDON" run -q --rw "$SCRATCH" --allow-run="$SCRATCH" --chdir "$SCRATCH" -- \
		sh -c './shim mapped; ./shim calls | tail -n 3; ./shim-static-pie calls | tail -n 3') >"$OUT" 2>"$ERR" </dev/null
	also 'addresses that are not random' test "$(grep -c '^open none' "$OUT")" = 2
	[ "${T_BORDER:-settled}" = full ] || also 'and the shim is there' out_has '^mapped$'
fi

# ---- what is linked, and with what ----
printf '#include <math.h>\n#include <pthread.h>\n#include <stdio.h>\nstatic void *f(void *x) { printf("%%.3f\\n", cos(*(double *)x)); return 0; }\nint main(int c, char **v) { double x = c; pthread_t t; pthread_create(&t, 0, f, &x); pthread_join(t, 0); FILE *o = fopen(v[0], "r"); return o ? 3 : 4; }\n' >"$WORK/more/hello.c"
for flags in '' '-O2 -flto' '-static' '-static-pie' '-no-pie' '-Wl,-z,now' '-fuse-ld=gold' '-Wl,-rpath,/lib/x86_64-linux-gnu,--disable-new-dtags' '-Wl,--dynamic-linker=/usr/lib64/ld-linux-x86-64.so.2'; do
	same "gcc $flags" -- sh -c "gcc $flags -c hello.c -o h.o && gcc $flags h.o -o hello -lm -lpthread && ./hello; echo \$?; rm -f h.o"
done
have g++ && same 'g++' -- sh -c 'printf "#include <fstream>\n#include <iostream>\nint main() { std::ifstream f(\"a/one\"); std::cout << f.rdbuf(); try { throw 1; } catch (int i) { std::cout << i; } }\n" >x.cc; g++ x.cc -o x && ./x'
same 'nm, objdump' -- sh -c 'nm -D /lib/x86_64-linux-gnu/libc.so.6 | sort | md5sum; nm -D --defined-only /lib64/ld-linux-x86-64.so.2; objdump -d --disassemble=getpid /lib/x86_64-linux-gnu/libc.so.6 | grep -c syscall; readelf -n /lib/x86_64-linux-gnu/libc.so.6 | grep Build'
have file && same file -- sh -c 'file -L /lib64/ld-linux-x86-64.so.2 /lib/x86_64-linux-gnu/libc.so.6 shim shim-static'

# sanitizers BUILDER NAME...: they know the whole address space, and where everything is
for entry in 'gcc address' 'gcc undefined' 'gcc thread' 'clang memory'; do
	read -r cc sanitizer <<<"$entry"
	have $cc || { skip "$sanitizer" "$cc is not installed"; continue; }
	$cc -w -g -O1 -fsanitize="$sanitizer" -DSANITIZED "$SRC/scenarios/programs/shim.c" -o "$WORK/more/shim-$sanitizer" -pthread >"$WORK/cc.out" 2>&1 ||
		{ skip "$sanitizer" "cannot be built here: $(grep -m 1 -E 'error|cannot' "$WORK/cc.out")"; continue; }
	# Leaks are looked for by ptrace, which a space does not have.
	for part in storm names filter; do
		same "$sanitizer, $part" -- sh -c "ASAN_OPTIONS=detect_leaks=0 ./shim-$sanitizer $part 2>&1"
	done
	rm -f "$WORK/more/shim-$sanitizer"
done

# ---- gdb ----
# Inside there is no ptrace; what it reads from files is as outside.
if have gdb; then
	gdb -nx -batch -ex 'info line main' "$WORK/bin/shim" >/dev/null 2>&1 &&
		same 'gdb, of files' -- gdb -nx -q -batch -iex 'set debuginfod enabled off' -ex 'info symbol main' -ex 'disassemble mapped' shim
	inside 'gdb has no tracing' 0 -- sh -c 'gdb -nx -q -batch -ex run ./shim 2>&1 | grep -c "Operation not permitted" >/dev/null'
fi

# ---- where the monitor writes what the shim is told: it is the program's, and may be anything ----
cat >"$WORK/pages.c" <<'END'
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#define BASE 0x7ecd00000000ul
static char *code = (char *)BASE, *data = (char *)BASE + 4096;
static void *map(char *at, size_t size, int rights)
{
	return mmap(at, size, rights, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}
static void word(void) { *(uint64_t *)(code + 128) = 0x03006d6968736463; }
static void nothing(void) { munmap(code, 8192); }
static void code_alone(void) { nothing(), map(code, 4096, PROT_READ | PROT_WRITE), word(); }
static void closed(void) { nothing(), map(code, 8192, PROT_READ | PROT_WRITE), word(), mprotect(data, 4096, PROT_NONE); }
static void constant(void) { nothing(), map(code, 8192, PROT_READ | PROT_WRITE), word(), mprotect(data, 4096, PROT_READ); }
static void other(void) { nothing(), map(code, 8192, PROT_READ | PROT_WRITE); }
static void shared(void)
{
	nothing();
	mmap(code, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	word();
}
static void rubbish(void) { nothing(), map(code, 8192, PROT_READ | PROT_WRITE), word(), memset(data, 0xff, 4096); }
int main(void)
{
	void (*const ways[])(void) = {nothing, code_alone, closed, constant, other, shared, rubbish};
	for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		int status;
		if (fork() == 0) {
			struct { long nr; } call = {SYS_open};
			ways[i]();
			/* Not from a prepared site: those would go to what is there now. */
			for (int n = 0; n < 3; n++)
				if (syscall(call.nr, "/usr/none", O_RDONLY) != -1 || errno != ENOENT)
					_exit(1);
			_exit(0);
		}
		wait(&status);
		printf("%x ", status);
	}
	puts("");
	return 0;
}
END
gcc -w "$WORK/pages.c" -o "$WORK/pages" || fail 'build the test of pages'
asks() { # NAME EXPECTED COMMAND...
	local name=$1 expected=$2 out
	shift 2
	out=$("$@" 2>&1)
	if [ "$out" = "$expected" ]; then pass "$name"; else fail "$name" "$out"; fi
}
asks 'natively' '0 0 0 0 0 0 0 ' "$WORK/pages"
asks 'in a space, whatever stands there' '0 0 0 0 0 0 0 ' "$CORDON" run -q -- "$WORK/pages"
