/* docs/syscalls.md, from kernel/syscalls.def: `make docs/syscalls.md`; a test notices when it is
 * stale. */
#include "tests/kernel/syscalls_doc.h"

#include <string.h>

#include "kernel/syscalls.h"

static void section(FILE *out, const char *title, const char *text)
{
	fprintf(out, "\n## %s\n\n", title);
	if (*text)
		fprintf(out, "%s\n\n", text);
	fputs("| number | call | in a space | why |\n| ---: | --- | --- | --- |\n", out);
}

static void row(FILE *out, int nr, const char *name, const char *class, const char *why)
{
	fprintf(out, "| %d | `%s` | %s | %s |\n", nr, name, class, why);
}

static void border(FILE *out, int nr, const char *name, enum cd_verb verb, const char *why)
{
	char text[32];

	snprintf(text, sizeof(text), "border: %s", cd_verb_name(verb));
	row(out, nr, name, text, why);
}

static void refused(FILE *out, int nr, const char *name, const char *error, const char *why)
{
	char text[32];

	snprintf(text, sizeof(text), strcmp(error, "0") == 0 ? "does nothing" : "`%s`", error);
	row(out, nr, name, text, why);
}

/* A new table whenever the list goes on with another call. */
static void command(FILE *out, const char *call, const char *value, const char *name,
		    const char *class, const char *why)
{
	static const char *last = "";

	if (strcmp(last, call) != 0)
		fprintf(
		    out,
		    "\n### %s\n\n| value | name | in a space | why |\n| --- | --- | --- | --- |\n",
		    call);
	last = call;
	fprintf(out, "| %s | `%s` | %s | %s |\n", value, name, class, why);
}

static void totals(FILE *out)
{
	unsigned count[KERN_REFUSED + 1] = {0};

	for (int nr = 0; nr < KERN_SYSCALL_MAX; nr++)
		count[kern_syscalls[nr].class]++;
	fprintf(
	    out,
	    "%u calls are native, %u cross the border, %u depend on registers, %u are refused.\n",
	    count[KERN_INTERNAL], count[KERN_BORDER], count[KERN_CHECKED], count[KERN_REFUSED]);
}

void syscalls_doc(FILE *out)
{
	fputs("# System calls in a space\n\n"
	      "<!-- Made from kernel/syscalls.def by `make docs/syscalls.md`. -->\n\n"
	      "What becomes of each system call of 64-bit x86 Linux, up to 6.18. *Native*: cannot "
	      "reach outside what\n"
	      "the process already holds, and is not intercepted. *Border*: the monitor decides "
	      "and performs it, as the\n"
	      "verb beside it. *Checked*: the filter looks at registers. Everything else answers a "
	      "fixed error. Numbers\n"
	      "that are not here, 32-bit calls (`int $0x80`) and x32 calls answer `ENOSYS`.\n\n",
	      out);
	totals(out);
#define SECTION(title, text)			 section(out, title, text);
#define INTERNAL(nr, name, why)			 row(out, nr, #name, "native", why);
#define BORDER(nr, name, verb, why, ...)	 border(out, nr, #name, CD_VERB_##verb, why);
#define CHECKED(nr, name, check, verb, why, ...) row(out, nr, #name, "checked", why);
#define REFUSED(nr, name, error, why)		 refused(out, nr, #name, #error, why);
#include "kernel/syscalls.def"
	section(
	    out, "Where a space has no namespaces",
	    "An ordinary user's, on a machine that lets him make none. What they bounded is the "
	    "monitor's to bound, or refused; the rest is as above. Sockets are UNIX sockets "
	    "there, and `fcntl` with `F_SETOWN`, `O_ASYNC` and the like answers `EPERM`.");
#define BARE_BORDER(nr, name, verb, why, ...) border(out, nr, #name, CD_VERB_##verb, why);
#define BARE_REFUSED(nr, name, error, why)    refused(out, nr, #name, #error, why);
#include "kernel/syscalls.def"
	fputs(
	    "\n## Commands\n\n"
	    "Other commands of `ioctl` cross the border; of `fcntl` and `prctl` they answer "
	    "`EINVAL`; of\n"
	    "`personality` and of clocks, `EPERM`; of `setsockopt`, `ENOPROTOOPT` (its value here: "
	    "the level, "
	    "then the "
	    "option). Linux looks at the low 32 bits of a command, and so does "
	    "the filter.\n"
	    "`fcntl(F_SETFL)` with `O_ASYNC` crosses the border: on a terminal, Linux would signal "
	    "the terminal's\n"
	    "foreground process group, which may lie outside.\n",
	    out);
#define PASS(check, value, name, why) command(out, #check, #value, #name, "native", why);
#define ASK(check, value, name, why)  command(out, #check, #value, #name, "border", why);
#define FAIL(check, value, name, error, why)                                                       \
	command(out, #check, #value, #name, "`" #error "`", why);
#include "kernel/syscalls.def"
}

#ifdef SYSCALLS_DOC_MAIN
int main(void)
{
	syscalls_doc(stdout);
	return 0;
}
#endif
