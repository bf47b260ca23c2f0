/* Directories that are open. */
#include "lib/dir.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Test(dir, lists_all_that_is_in_it_twice)
{
	enum { FILES = 500 };
	char path[] = "/tmp/cordon-test-dir.XXXXXX", name[64], text[8];
	bool seen[FILES] = {false};
	struct cd_dir entries;
	const char *entry;
	int fd, count;

	cr_assert_not_null(mkdtemp(path));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "%d-of-a-longer-name-than-numbers-have", i);
		close(openat(fd, name, O_WRONLY | O_CREAT, 0600));
	}
	for (int round = 0; round < 2; round++) {
		count = 0;
		cd_dir_begin(&entries, fd);
		while ((entry = cd_dir_next(&entries))) {
			cr_assert_neq(entry[0], '.');
			seen[atoi(entry)] = true;
			count++;
		}
		cr_expect_eq(count, FILES);
	}
	for (int i = 0; i < FILES; i++)
		cr_expect(seen[i]);
	cr_expect_not(cd_dir_read(fd, name, text, sizeof(text)), "nothing in it");
	cr_expect_not(cd_dir_read(fd, "none", text, sizeof(text)));
	close(fd);
	fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cd_dir_begin(&entries, fd);
	while ((entry = cd_dir_next(&entries)))
		unlinkat(fd, entry, 0);
	rmdir(path);
	close(fd);
	fd = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert(cd_dir_read(fd, "status", text, sizeof(text)));
	cr_expect_eq(strncmp(text, "Name:", 5), 0);
	cr_expect_eq(strlen(text), sizeof(text) - 1, "what there is room for");
	cd_dir_begin(&entries, -1);
	cr_expect_null(cd_dir_next(&entries));
}
