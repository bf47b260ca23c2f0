# A program that was linked with musl, on a machine that has no musl: cordon brings one.
. "$(dirname "$0")/lib.sh"
have musl-gcc || { skip musl 'musl-gcc is not installed'; exit 0; }
mkdir -p "$WORK/bin"
cat >"$WORK/hello.c" <<'END'
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	char exe[4096] = "";
	struct stat st;
	FILE *file = fopen("/usr/lib/os-release", "r");

	if (argc > 1)
		execl("/proc/self/exe", argv[0], NULL);
	printf("%zd %d %d %s\n", readlink("/proc/self/exe", exe, sizeof(exe) - 1) , stat("/usr/lib", &st), file != NULL, exe);
	return 3;
}
END
musl-gcc "$WORK/hello.c" -o "$WORK/bin/hello" || { fail 'build a program with musl'; exit 1; }
fixture_musl() { cp "$WORK/bin/hello" .; }
FIXTURE=fixture_musl
same 'with the machine'"'"'s musl' -- ./hello
without=${CORDON_WITHOUT:-}
export CORDON_WITHOUT=musl${without:+,$without}
same 'with the one that cordon carries' -- ./hello
same 'and started again from inside' -- ./hello again
if [ "$("$CORDON" run -q --audit=all -- "$WORK/bin/hello" | cut -d' ' -f2,3)" = '0 1' ]; then
	pass 'likewise, when everything is recorded'
else
	fail 'likewise, when everything is recorded'
fi
