/* Programs with the machine's interpreter and libc rewritten, as Linux starts them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/loader/support.h"

static void put_copy(const char *path, const char *name, const struct loader_parts *parts)
{
	struct test_file file = test_read(path);
	struct loader_report report;
	size_t size;
	void *out;

	cr_assert_eq(loader_rewrite(file.bytes, file.size, parts, &report, &out, &size), CD_OK);
	test_write(name, out, size);
	free(file.bytes);
	free(out);
}

/*
 * Runs a script with `copies` (pairs of a name here and a path) bound over the machine's own files,
 * in a namespace of its own; with none, as natively.
 */
static const char *run_script(const char *script, const char *const *copies)
{
	char mounts[1024] = "set -e\n";

	test_write("script", script, strlen(script));
	for (; copies && copies[0]; copies += 2)
		sprintf(mounts + strlen(mounts), "mount --bind %s \"$(realpath %s)\"\n", copies[0],
			copies[1]);
	strcat(mounts, "exec bash ./script\n");
	test_write("run", mounts, strlen(mounts));
	return test_output("exec 2>&1; cd %s && timeout -k 1 60 unshare -rm bash ./run",
			   test_folder());
}

static void skip_without_namespaces(void)
{
	if (!test_output("unshare -rm true 2>&1"))
		cr_skip_test("no mount namespace");
}

static void expect_same(const char *script, const char *const *copies)
{
	const char *text = run_script(script, NULL), *copied;
	char *native;

	cr_assert_not_null(text, "%s", script);
	native = strdup(text);
	copied = run_script(script, copies);
	cr_expect(copied && strcmp(native, copied) == 0, "%s: %s", script,
		  copied ? copied : "failed");
	free(native);
}

Test(loader_run, programs_do_as_natively, .timeout = 240)
{
	static const char *const copies[] = {"rtld", RTLD, "libc", LIBC, NULL};
	static const char *const stripped[] = {"srtld", RTLD, "slibc", LIBC, NULL};

	skip_without_namespaces();
	put_copy(RTLD, "rtld", &test_parts);
	put_copy(LIBC, "libc", &test_parts);
	test_write("a.c", "int main(void) { return 3; }\n", 29);
	expect_same("ls -l /usr/bin | md5sum", copies);
	expect_same("for i in 1 2 3; do echo $i | cat; done; cd /usr; pwd; cd /none || true",
		    copies);
	expect_same("python3 -c 'import json, os, threading\n"
		    "t = threading.Thread(target = lambda: print(open(\"/etc/passwd\").read()))\n"
		    "t.start(); t.join()\n"
		    "print(sorted(os.listdir(\"/usr\")), os.path.exists(\"/none\"))'",
		    copies);
	expect_same("gcc -c a.c -o a.o && gcc a.o -o a && ./a || echo $?", copies);
	expect_same("find /usr/include | sort | md5sum", copies);
	cr_assert_not_null(run_script("strip rtld -o srtld && strip libc -o slibc", NULL));
	expect_same("ls /usr/bin | md5sum; python3 -c 'import json'", stripped);
	expect_same("gdb -nx -batch -ex 'break main' -ex run -ex continue ./a 2>&1 | grep -c "
		    "'exited with'",
		    copies);
}

/* A thread that waits in open() is cancelled there, and its handlers run. */
static const char cancelled[] =
    "#include <fcntl.h>\n#include <pthread.h>\n#include <stdio.h>\n#include <unistd.h>\n"
    "static void clean(void *arg) { puts(arg); }\n"
    "static void *wait_there(void *arg) { pthread_cleanup_push(clean, \"cleaned\");\n"
    "open(\"fifo\", O_RDONLY); pthread_cleanup_pop(0); return arg; }\n"
    "int main(void) { pthread_t t; void *r; pthread_create(&t, 0, wait_there, 0);\n"
    "usleep(100000); pthread_cancel(t); pthread_join(t, &r);\n"
    "puts(r == PTHREAD_CANCELED ? \"cancelled\" : \"ended\"); return 0; }\n";

Test(loader_run, a_thread_is_cancelled_in_open, .timeout = 60)
{
	static const char *const copies[] = {"rtld", RTLD, "libc", LIBC, NULL};

	skip_without_namespaces();
	put_copy(RTLD, "rtld", &test_parts);
	put_copy(LIBC, "libc", &test_parts);
	test_write("c.c", cancelled, sizeof(cancelled) - 1);
	cr_assert_str_eq(run_script("mkfifo fifo; gcc c.c -o c && ./c", NULL),
			 "cleaned\ncancelled");
	expect_same("./c", copies);
}

Test(loader_run, musl_programs_do_as_natively, .timeout = 60)
{
	static const char *const copies[] = {"musl", MUSL, NULL};
	static const char source[] =
	    "#include <errno.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <sys/stat.h>\n"
	    "#include <unistd.h>\n"
	    "int main(void) { struct stat s; void *p = malloc(100000); char b[99];\n"
	    "printf(\"%d %d %d\\n\", stat(\"/usr\", &s), stat(\"/none\", &s), p != 0);\n"
	    "printf(\"%d\\n\", (int)readlink(\"/proc/self/exe\", b, 99) > 0);\n"
	    "printf(\"%d\\n\", fopen(\"/none\", \"r\") == 0 && errno == ENOENT); return 0; }\n";

	skip_without_namespaces();
	if (access(MUSL, R_OK) != 0)
		cr_skip_test("no musl");
	put_copy(MUSL, "musl", &test_parts);
	test_write("m.c", source, sizeof(source) - 1);
	cr_assert_not_null(run_script("musl-gcc m.c -o m", NULL));
	expect_same("./m", copies);
}

/* That nothing fails could mean that nothing was patched. */
Test(loader_run, calls_go_by_the_stub, .timeout = 60)
{
	static const char *const copies[] = {"libc", LIBC, NULL};

	skip_without_namespaces();
	put_copy(LIBC, "libc", &test_failing_parts);
	cr_assert_not_null(run_script("true", NULL));
	cr_assert_null(run_script("true", copies));
}
