/*
 * polite: an honest tool that needs two directories: one to read, one to write.
 *
 * usage: polite FROM TO
 *
 * Writes for each file of FROM a file of the same name in TO, with its lines numbered. It says what
 * it needs, asks for no more, and says clearly what it could not do.
 *
 * Exit status: 0 all was done, 1 something was not, 2 the arguments are wrong.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int number_lines(const char *from, const char *to)
{
	FILE *in = fopen(from, "r"), *out = in ? fopen(to, "w") : NULL;
	unsigned long line = 0;
	char text[4096];
	int result = -1;

	if (!out) {
		fprintf(stderr, "polite: %s: %s\n", in ? to : from, strerror(errno));
	} else {
		while (fgets(text, sizeof(text), in))
			fprintf(out, "%4lu  %s", ++line, text);
		result = ferror(in) || ferror(out) ? -1 : 0;
	}
	if (out && fclose(out))
		result = -1;
	if (in)
		fclose(in);
	return result;
}

int main(int argc, char **argv)
{
	int done = 0, failed = 0;
	DIR *dir;

	if (argc != 3) {
		fputs("usage: polite FROM TO\n", stderr);
		return 2;
	}
	dir = opendir(argv[1]);
	if (!dir) {
		fprintf(stderr, "polite: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	for (struct dirent *entry; (entry = readdir(dir));) {
		char from[4096], to[4096];
		struct stat st;

		snprintf(from, sizeof(from), "%s/%s", argv[1], entry->d_name);
		snprintf(to, sizeof(to), "%s/%s", argv[2], entry->d_name);
		if (stat(from, &st) || !S_ISREG(st.st_mode))
			continue;
		if (number_lines(from, to) == 0)
			done++;
		else
			failed++;
	}
	closedir(dir);
	printf("%d files done, %d failed\n", done, failed);
	return failed ? 1 : 0;
}
