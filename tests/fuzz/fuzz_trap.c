/*
 * Any bytes as a trap and as the memory behind it.
 *
 *   byte 0, 1     the number of the call
 *   48 bytes      its six registers
 *   the rest      memory, at BASE; nothing else is there
 *
 * Nothing may crash; lengths are within bounds and names end where they say; two decodings of one
 * trap agree in all that they say; and nothing is read but what the trap points at, each pointer
 * once.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/trap.h"

#define BASE UINT64_C(0x10000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int truth, const char *what)
{
	if (truth)
		return;
	fprintf(stderr, "fuzz_trap: %s\n", what);
	abort();
}

static const uint8_t *memory;
static size_t memory_len;

/* Where reading has begun, and how far it went on from there. */
#define STARTS_MAX 2048
static struct {
	uint64_t at, end;
} starts[STARTS_MAX];
static size_t start_count;

/* Reading on where the last read ended is reading on; anything else is a new beginning. */
static void note(uint64_t address, size_t len)
{
	if (start_count && starts[start_count - 1].end == address) {
		starts[start_count - 1].end += len;
		return;
	}
	check(start_count < STARTS_MAX, "reads without end");
	starts[start_count].at = address;
	starts[start_count++].end = address + len;
}

static int there(uint64_t address, size_t len)
{
	return address >= BASE && address - BASE <= memory_len &&
	       len <= memory_len - (address - BASE);
}

static int read_memory(pid_t tid, uint64_t address, void *dest, size_t len)
{
	(void)tid;
	check(len <= KERN_DATA_MAX, "a read larger than a message");
	if (len == 0)
		return 0;
	note(address, len);
	if (!there(address, len))
		return -EFAULT;
	memcpy(dest, memory + (address - BASE), len);
	return 0;
}

static ssize_t read_text(pid_t tid, uint64_t address, char *dest, size_t size)
{
	(void)tid;
	check(size <= CD_PATH_MAX, "a name larger than a message");
	note(address, 1);
	for (size_t i = 0; i < size; i++) {
		if (!there(address + i, 1))
			return -EFAULT;
		dest[i] = (char)memory[address + i - BASE];
		if (!dest[i])
			return (ssize_t)i;
	}
	return -ENAMETOOLONG;
}

/* ---- what may be read ---- */

#define POINTERS_MAX 1100
static uint64_t pointers[POINTERS_MAX];
static size_t pointer_count;

static uint64_t word_at(uint64_t address)
{
	uint64_t word = 0;

	if (there(address, sizeof(word)))
		memcpy(&word, memory + (address - BASE), sizeof(word));
	return word;
}

/* The registers; and, of a message, what its header and vector point at. */
static void list_pointers(const struct seccomp_notif *trap, const struct kern_message *m)
{
	uint64_t vector, count;

	pointer_count = 0;
	for (int i = 0; i < 6; i++)
		pointers[pointer_count++] = trap->data.args[i];
	if (m->verb != CD_VERB_SENDMSG && m->verb != CD_VERB_SENDMMSG)
		return;
	vector = word_at(m->buf + 16);
	count = word_at(m->buf + 24);
	pointers[pointer_count++] = word_at(m->buf);
	pointers[pointer_count++] = vector;
	pointers[pointer_count++] = word_at(m->buf + 32);
	for (uint64_t i = 0; i < count && i < 1024; i++)
		pointers[pointer_count++] = word_at(vector + 16 * i);
}

/* Each beginning uses a pointer up; a vector is also read on between its pieces, eight at a time.
 */
static void check_reads(const struct seccomp_notif *trap, const struct kern_message *m)
{
	int sends = m->verb == CD_VERB_SENDMSG || m->verb == CD_VERB_SENDMMSG;
	uint64_t vector, part = 1;

	list_pointers(trap, m);
	vector = sends ? word_at(m->buf + 16) : 0;
	for (size_t i = 0; i < start_count; i++) {
		size_t p = 0;

		while (p < pointer_count && pointers[p] != starts[i].at)
			p++;
		if (p < pointer_count) {
			pointers[p] = pointers[--pointer_count];
			continue;
		}
		check(sends && part < 128 && starts[i].at >= vector &&
			  (starts[i].at - vector) % 128 == 0 &&
			  (starts[i].at - vector) / 128 >= part,
		      "something is read twice, or for no reason");
		part = (starts[i].at - vector) / 128 + 1;
	}
}

/* ---- what a message must be ---- */

static void check_message(const struct kern_message *m)
{
	check(m->path_len < CD_PATH_MAX && strnlen(m->path, CD_PATH_MAX) == m->path_len,
	      "a name without its end");
	check(m->path2_len < CD_PATH_MAX && strnlen(m->path2, CD_PATH_MAX) == m->path2_len,
	      "a second name without its end");
	check(m->has_path || m->path_len == 0, "a name that is not there has a length");
	check(m->has_path2 || m->path2_len == 0, "a second name that is not there has a length");
	check(m->data_len <= KERN_DATA_MAX, "too much data");
	check(m->verb > CD_VERB_NONE && m->verb < CD_VERB_COUNT && m->shape->verb == m->verb,
	      "no verb");
	if (m->verb == CD_VERB_SENDTO || m->verb == CD_VERB_SENDMSG) {
		struct kern_send head;

		check(m->data_len >= sizeof(head), "no head");
		memcpy(&head, m->data, sizeof(head));
		check(m->data_len == sizeof(head) + (uint64_t)head.address_len + head.control_len +
					 head.payload_len,
		      "a head that does not add up");
		check(head.payload_len <= head.total_len && head.address_len <= 128 &&
			  head.control_len <= 4096,
		      "lengths out of bounds");
	}
}

static void check_same(const struct kern_message *a, const struct kern_message *b)
{
	check(a->id == b->id && a->tid == b->tid && a->nr == b->nr && a->verb == b->verb &&
		  a->shape == b->shape && a->fd == b->fd && a->dir == b->dir &&
		  a->dir2 == b->dir2 && a->flags == b->flags && a->mode == b->mode &&
		  a->extra == b->extra && a->extra2 == b->extra2 && a->buf == b->buf &&
		  a->len == b->len && a->has_path == b->has_path && a->has_path2 == b->has_path2,
	      "two decodings, two messages");
	check(a->path_len == b->path_len && memcmp(a->path, b->path, a->path_len + 1) == 0,
	      "two names");
	check(a->path2_len == b->path2_len && memcmp(a->path2, b->path2, a->path2_len + 1) == 0,
	      "two second names");
	check(a->data_len == b->data_len && memcmp(a->data, b->data, a->data_len) == 0,
	      "two sets of data");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct kern_memory_ops ops = {read_memory, read_text};
	static struct kern_message first, second;
	struct seccomp_notif trap = {.id = 1, .pid = 2};
	int error;

	if (size < 2 + sizeof(trap.data.args))
		return 0;
	/* One number in 64 is out of the table's range. */
	trap.data.nr = data[0] | (data[1] & 1) << 8;
	if (data[1] >> 2 == 0x3f)
		trap.data.nr = (int)(0x7fffff00u * (data[1] & 3u) - data[0]);
	memcpy(trap.data.args, data + 2, sizeof(trap.data.args));
	memory = data + 2 + sizeof(trap.data.args);
	memory_len = size - 2 - sizeof(trap.data.args);
	memset(&first, 0xaa, sizeof(first));
	memset(&second, 0x55, sizeof(second));
	start_count = 0;
	error = kern_trap_decode_from(&ops, &trap, &first);
	check(error <= 0 && error > -4096, "no errno");
	if (error != -ENOSYS)
		check_reads(&trap, &first);
	else
		check(start_count == 0, "memory is read for a call that is not there");
	start_count = 0;
	check(kern_trap_decode_from(&ops, &trap, &second) == error, "two decodings, two results");
	if (error)
		return 0;
	check_message(&first);
	check_same(&first, &second);
	return 0;
}
