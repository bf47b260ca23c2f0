/*
 * Long work, said.
 *
 * By a clock's signal, so that what works need not look at the time, and may be waiting for another
 * process. Its handler does nothing but write.
 */
#include "cli/progress.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define PATIENCE_US 400000

static struct {
	const char *text, *unit;
	volatile unsigned long count;
	volatile sig_atomic_t shown;
	struct sigaction before;
} progress;

static size_t put(char *line, size_t at, const char *text)
{
	size_t len = strlen(text);

	memcpy(line + at, text, len);
	return at + len;
}

static void show(int signal)
{
	char line[160], digits[24];
	size_t at = put(line, 0, "\rcordon: "), first = sizeof(digits) - 1;
	int saved = errno;

	(void)signal;
	at = put(line, at, progress.text);
	if (progress.unit) {
		unsigned long left = progress.count;

		digits[first] = '\0';
		do
			digits[--first] = (char)('0' + left % 10);
		while (left /= 10);
		at = put(line, at, ": ");
		at = put(line, at, digits + first);
		at = put(line, at, progress.unit);
	}
	progress.shown = write(2, line, at) > 0;
	errno = saved;
}

static void set_clock(long us)
{
	const struct itimerval every = {{0, us}, {0, us}};

	setitimer(ITIMER_REAL, &every, NULL);
}

void progress_begin(const char *text, const char *unit)
{
	struct sigaction action = {.sa_handler = show, .sa_flags = SA_RESTART};

	if (progress.text || !isatty(2))
		return;
	progress.text = text;
	progress.unit = unit;
	progress.count = 0;
	progress.shown = 0;
	sigaction(SIGALRM, &action, &progress.before);
	set_clock(PATIENCE_US);
}

void progress_count(unsigned long done)
{
	progress.count = done;
}

void progress_end(void)
{
	if (!progress.text)
		return;
	set_clock(0);
	sigaction(SIGALRM, &progress.before, NULL);
	/* Over what was said, and back to its beginning. */
	if (progress.shown && write(2, "\r\033[K", 4) < 0)
		progress.shown = 0;
	progress.text = NULL;
}
