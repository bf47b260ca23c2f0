/*
 * Logs as anybody may have written them: the reader ends, and what it gives is in bounds. What the
 * quick reader of records accepts, the JSON reader accepts, too.
 */
#include <fcntl.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "audit/read.h"
#include "audit/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t sink;

static void touch(const char *text)
{
	sink += text ? strlen(text) : 0;
}

static void read_all(const uint8_t *data, size_t size)
{
	int fd = memfd_create("log", MFD_CLOEXEC);
	struct audit_reader *reader = audit_reader_new(fd);
	struct audit_event event;
	size_t lines = 0;

	if (fd < 0 || !reader || write(fd, data, size) != (ssize_t)size)
		abort();
	while (audit_reader_next(reader, &event) == CD_OK) {
		touch(event.broken);
		touch(event.space);
		touch(event.call);
		touch(event.running);
		touch(event.object);
		touch(event.outside);
		touch(event.address);
		touch(event.arguments);
		touch(event.rule_file);
		touch(event.rule_pointer);
		touch(event.rule_pattern);
		for (size_t i = 0; event.argv && event.argv[i]; i++)
			touch(event.argv[i]);
		if (++lines > size + 1)
			abort();
	}
	audit_reader_free(reader);
	close(fd);
}

static void scan_one(const uint8_t *data, size_t size)
{
	char *line = malloc(size + 1), *copy = malloc(size + 1);
	struct audit_pairs pairs;

	if (!line || !copy)
		abort();
	memcpy(line, data, size);
	line[size] = '\n';
	memcpy(copy, line, size + 1);
	if (audit_scan(line, size + 1, &pairs)) {
		json_t *json = json_loadb(copy, size + 1, JSON_REJECT_DUPLICATES, NULL);

		if (!json_is_object(json) || json_object_size(json) != pairs.count)
			abort();
		json_decref(json);
	} else if (memcmp(line, copy, size + 1) != 0) {
		abort();
	}
	free(line);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 1 << 16)
		return 0;
	read_all(data, size);
	scan_one(data, size);
	return 0;
}
