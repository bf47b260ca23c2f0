/* Long work is said on a terminal alone, and leaves nothing there. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/progress.h"

/* What comes out at standard error while something takes this long. */
static void said(bool terminal, unsigned ms, char *out, size_t size)
{
	int ends[2] = {-1, -1};
	ssize_t n;
	size_t len = 0;
	pid_t pid;

	if (terminal) {
		ends[0] = posix_openpt(O_RDWR | O_NOCTTY);
		cr_assert(ends[0] >= 0 && grantpt(ends[0]) == 0 && unlockpt(ends[0]) == 0);
		ends[1] = open(ptsname(ends[0]), O_RDWR | O_NOCTTY);
	} else {
		cr_assert_eq(pipe(ends), 0);
	}
	cr_assert(ends[1] >= 0);
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], 2);
		progress_begin("working", " things");
		for (unsigned i = 0; i < ms; i++) {
			progress_count(i);
			usleep(1000);
		}
		progress_end();
		usleep(500000); /* nothing comes any more */
		_exit(0);
	}
	cr_assert(pid > 0);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	while (len + 1 < size && (n = read(ends[0], out + len, size - 1 - len)) > 0)
		len += (size_t)n;
	out[len] = '\0';
	close(ends[0]);
	close(ends[1]);
}

Test(progress, what_takes_long_is_said_on_a_terminal_and_wiped_out)
{
	char out[1024];

	said(true, 700, out, sizeof(out));
	cr_expect(strstr(out, "\rcordon: working: "), "%s", out);
	cr_expect(strstr(out, " things"), "%s", out);
	cr_expect(strlen(out) > 4 && strcmp(out + strlen(out) - 4, "\r\033[K") == 0, "%s", out);
}

Test(progress, what_is_short_is_not)
{
	char out[1024];

	said(true, 20, out, sizeof(out));
	cr_expect_str_empty(out);
}

Test(progress, nothing_is_said_elsewhere)
{
	char out[1024];

	said(false, 700, out, sizeof(out));
	cr_expect_str_empty(out);
}
