/*
 * deputy: a tool with a right of its own, which its caller can turn against it.
 *
 * usage: deputy -l LEDGER -o FILE < TEXT      writes its result to the file that the caller names
 *        deputy -l LEDGER < TEXT > FILE       writes it to the descriptor that the caller passes
 *
 * It makes TEXT upper case, and keeps a ledger of what it did, for which it alone has the right. A
 * caller that says
 * "-o LEDGER" has the deputy overwrite its own books: the name comes from the caller, the right
 * from the deputy.
 *
 * Exit status: 0 done, 1 not, 2 the arguments are wrong.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int work(FILE *in, FILE *out, unsigned long *count)
{
	int c;

	for (*count = 0; (c = getc(in)) != EOF; ++*count)
		putc(toupper(c), out);
	return fflush(out) || ferror(in) || ferror(out) ? -1 : 0;
}

static int complain(const char *path)
{
	fprintf(stderr, "deputy: %s: %s\n", path, strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	const char *ledger_path = NULL, *out_path = NULL;
	unsigned long count;
	FILE *ledger, *out;
	int option;

	while ((option = getopt(argc, argv, "l:o:")) != -1) {
		if (option == 'l')
			ledger_path = optarg;
		else if (option == 'o')
			out_path = optarg;
	}
	if (!ledger_path || optind != argc) {
		fputs("usage: deputy -l LEDGER [-o FILE] < TEXT\n", stderr);
		return 2;
	}
	ledger = fopen(ledger_path, "a");
	if (!ledger)
		return complain(ledger_path);
	/* Here is the mistake: the deputy's rights, under a name of somebody else's choice. */
	out = out_path ? fopen(out_path, "w") : stdout;
	if (!out) {
		fclose(ledger);
		return complain(out_path);
	}
	if (work(stdin, out, &count))
		return complain(out_path ? out_path : "standard output");
	fprintf(ledger, "%lu bytes made for a caller\n", count);
	return fclose(ledger) ? complain(ledger_path) : 0;
}
