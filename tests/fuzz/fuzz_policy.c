/*
 * Any bytes as a policy file or, where the first byte is a control character, as the value of a
 * command-line flag. Nothing may crash or leak; an error has a problem to show; and what is
 * accepted, printed, and read again is printed the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct pol_vars vars = {"/home/u", "/home/u/work", "/tmp", "/opt/prog", 1000};

static void check(int truth, const char *what)
{
	if (truth)
		return;
	fprintf(stderr, "fuzz_policy: %s\n", what);
	abort();
}

/* The bytes as a regular file that is nowhere on a disk. */
static const char *as_file(const void *data, size_t size)
{
	static char path[64];
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("policy", MFD_CLOEXEC);
		check(fd >= 0, "memfd_create failed");
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	check(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size, "cannot write");
	return path;
}

static void check_error_text(const struct pol_error *error)
{
	char text[8192];
	struct cd_buf buf;

	cd_buf_init(&buf, text, sizeof(text));
	pol_error_text(error, &buf);
	check(error->problem[0] && !buf.cut && !memchr(text, '\n', buf.len), "a poor error");
}

static enum cd_status add(struct pol_draft *draft, const uint8_t *data, size_t size,
			  struct pol_error *error)
{
	size_t flags = 0;
	enum cd_status status;
	char *value;

	while (pol_flag_names[flags])
		flags++;
	if (size == 0 || data[0] >= flags || data[0] >= 0x20)
		return pol_draft_file(draft, as_file(data, size), error);
	value = strndup((const char *)data + 1, size - 1);
	check(value != NULL, "out of memory");
	status = pol_draft_flag(draft, pol_flag_names[data[0]], value, error);
	free(value);
	return status;
}

/* NULL when the input is refused. */
static struct pol_policy *policy_from(const uint8_t *data, size_t size)
{
	struct pol_draft *draft = pol_draft_new(&vars);
	struct pol_policy *policy = NULL;
	struct pol_error error;

	check(draft != NULL, "no draft");
	if (add(draft, data, size, &error) || pol_draft_finish(draft, &policy, &error))
		check_error_text(&error);
	pol_draft_free(draft);
	return policy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pol_policy *first = policy_from(data, size), *second;
	char *printed, *again;

	if (!first)
		return 0;
	printed = pol_policy_json(first, false);
	again = pol_policy_json(first, true);
	check(printed && again, "cannot be printed");
	free(again);
	pol_policy_test(first, NULL, NULL);
	second = policy_from((const uint8_t *)printed, strlen(printed));
	check(second != NULL, "what is printed cannot be read");
	again = pol_policy_json(second, false);
	check(again && strcmp(printed, again) == 0, "printed twice, differently");
	check(pol_policy_test(first, NULL, NULL) == pol_policy_test(second, NULL, NULL),
	      "tests differ");
	free(printed);
	free(again);
	pol_policy_free(first);
	pol_policy_free(second);
	return 0;
}
