/*
 * The names of addresses.
 *
 * One writer, many readers, no lock: a slot's turn is odd while it is written, and a reader who
 * does not see the same even turn before and after his copy tries again, a few times. All that is
 * shared is read and written as words, each by itself, so that the compiler cannot read one twice.
 */
#include "refmon/names.h"

#include <string.h>

#include "lib/shared.h"
#include "refmon/layout.h"

#define TRIES 4

/* What a slot says. */
struct record {
	uint32_t age; /* the clock when it was written: the lowest goes first */
	uint8_t family, len;
	uint8_t unused[2];
	unsigned char address[16];
	char name[(MON_HOST_MAX + 4) & ~3u];
};

#define WORDS	   (sizeof(struct record) / sizeof(uint32_t))
#define HEAD_WORDS (offsetof(struct record, name) / sizeof(uint32_t))

struct slot {
	uint32_t turn; /* 0: never written */
	uint32_t words[WORDS];
};

struct mon_names {
	uint32_t clock; /* the writer's own */
	struct slot slots[MON_NAMES_SETS][MON_NAMES_WAYS];
};

/* --- mapping --- */

struct mon_names *mon_names_new(int *fd)
{
	return cd_shared_new("names", sizeof(struct mon_names), fd);
}

const struct mon_names *mon_names_map(int fd)
{
	return cd_shared_map(fd, sizeof(struct mon_names));
}

void mon_names_free(const struct mon_names *names)
{
	cd_shared_free(names, sizeof(*names));
}

/* --- slots --- */

static void load_words(uint32_t *to, const uint32_t *from, size_t count)
{
	for (size_t i = 0; i < count; i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

/* The first `count` words of a slot as they were at one moment; false: empty, or always changing.
 */
static bool slot_read(const struct slot *slot, size_t count, struct record *out)
{
	uint32_t words[WORDS];

	for (int i = 0; i < TRIES; i++) {
		uint32_t turn = __atomic_load_n(&slot->turn, __ATOMIC_ACQUIRE);

		if (turn == 0)
			return false;
		if (turn & 1)
			continue;
		load_words(words, slot->words, count);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&slot->turn, __ATOMIC_RELAXED) == turn) {
			memcpy(out, words, count * sizeof(*words));
			return true;
		}
	}
	return false;
}

static void slot_write(struct slot *slot, const struct record *record)
{
	uint32_t turn = slot->turn | 1, words[WORDS]; /* odd already: who wrote it died */

	memcpy(words, record, sizeof(words));
	__atomic_store_n(&slot->turn, turn, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	for (size_t i = 0; i < WORDS; i++)
		__atomic_store_n(&slot->words[i], words[i], __ATOMIC_RELAXED);
	__atomic_store_n(&slot->turn, turn + 1 ? turn + 1 : 2, __ATOMIC_RELEASE);
}

/* A record with the address in the one form that it is filed under; false: no address. */
static bool record_init(struct record *record, unsigned char family, const unsigned char *address)
{
	if (family != 4 && family != 6)
		return false;
	*record = (struct record){.family = family};
	memcpy(record->address, address, family == 4 ? 4 : 16);
	if (family == 6 && mon_v4_unmap(record->address))
		record->family = 4;
	return true;
}

static bool same_address(const struct record *a, const struct record *b)
{
	return a->family == b->family && memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

static uint32_t set_of(const struct record *record)
{
	uint32_t hash = cd_hash32((const char *)record->address, sizeof(record->address));

	return mon_hash_edge(record->family, hash) % MON_NAMES_SETS;
}

bool mon_names_add(struct mon_names *names, unsigned char family, const unsigned char *address,
		   const char *name, size_t len)
{
	struct slot *set, *place;
	struct record record;
	uint32_t most = 0;
	size_t size;

	if (!record_init(&record, family, address) || !mon_host_fold(name, len, record.name, &size))
		return false;
	record.len = (uint8_t)size;
	record.age = names->clock++;
	set = place = names->slots[set_of(&record)];
	for (size_t i = 0; i < MON_NAMES_WAYS; i++) {
		struct record other;

		if (!slot_read(&set[i], WORDS, &other)) {
			place = &set[i];
			break;
		}
		if (same_address(&other, &record) && other.len == record.len &&
		    memcmp(other.name, record.name, size) == 0) {
			place = &set[i];
			break;
		}
		if (record.age - other.age > most) {
			most = record.age - other.age;
			place = &set[i];
		}
	}
	slot_write(place, &record);
	return true;
}

/* --- reading --- */

/* The name of a record for this address, if it has a good one. */
static bool name_in(const struct slot *slot, const struct record *wanted, struct mon_name *name,
		    uint32_t *age)
{
	struct record record;

	if (!slot_read(slot, HEAD_WORDS, &record) || !same_address(&record, wanted) ||
	    !slot_read(slot, WORDS, &record) || !same_address(&record, wanted) ||
	    record.len > MON_HOST_MAX)
		return false;
	*age = record.age;
	return mon_host_fold(record.name, record.len, name->text, &name->len);
}

size_t mon_names_of(const struct mon_names *names, unsigned char family,
		    const unsigned char *address, struct mon_name out[MON_NAMES_WAYS])
{
	uint32_t ages[MON_NAMES_WAYS];
	struct record wanted;
	size_t count = 0;

	if (!record_init(&wanted, family, address))
		return 0;
	for (size_t i = 0; i < MON_NAMES_WAYS; i++) {
		struct mon_name name;
		uint32_t age;
		size_t at;

		if (!name_in(&names->slots[set_of(&wanted)][i], &wanted, &name, &age))
			continue;
		for (at = count++; at && (int32_t)(ages[at - 1] - age) < 0; at--) {
			ages[at] = ages[at - 1];
			out[at] = out[at - 1];
		}
		ages[at] = age;
		out[at] = name;
	}
	return count;
}

/* --- deciding --- */

/* One operation; the number of the name that decided. */
static size_t decide_one(const struct mon_table *table, enum cd_op op,
			 const struct mon_object *object, const struct mon_name *known,
			 size_t count, struct mon_decision *out)
{
	struct mon_object named = *object;
	size_t best = 0;

	for (size_t i = 0; i < count; i++) {
		struct mon_decision decision;

		named.text = known[i].text;
		named.len = known[i].len;
		mon_decide(table, CD_OPBIT(op), &named, &decision);
		if (i == 0 || decision.verdict > out->verdict) {
			*out = decision;
			best = i;
		}
		if (decision.verdict == MON_DENY && decision.rule != MON_NO_RULE) {
			*out = decision;
			return i;
		}
	}
	return best;
}

void mon_decide_named(const struct mon_table *table, const struct mon_names *names, uint64_t ops,
		      const struct mon_object *object, char name_out[MON_HOST_MAX + 1],
		      struct mon_decision *out)
{
	struct mon_name known[1 + MON_NAMES_WAYS];
	size_t count = 0, name = 0;

	name_out[0] = '\0';
	mon_decide(table, ops, object, out);
	if (object->kind != CD_OBJECT_ADDRESS || object->proto == MON_UNIX || ops & ~CD_OPS_ALL)
		return;
	if (object->text) {
		if (!mon_host_fold(object->text, object->len, known[0].text, &known[0].len))
			return;
		count = 1;
	}
	if (names && object->family)
		count += mon_names_of(names, object->family, object->address, known + count);
	if (count == 0)
		return;
	for (uint64_t rest = ops; rest; rest &= rest - 1) {
		struct mon_decision decision;
		size_t by = decide_one(table, (enum cd_op)__builtin_ctzll(rest), object, known,
				       count, &decision);

		if (rest == ops || decision.verdict < out->verdict) {
			*out = decision;
			name = by;
		}
	}
	memcpy(name_out, known[name].text, known[name].len + 1);
}

uint64_t mon_host_ops(const struct mon_table *table, const struct mon_object *object)
{
	uint64_t asked, allowed = mon_decide_host(table, MON_HOST_OPS, object, &asked);

	return allowed | asked;
}

static bool allows_host(const struct mon_table *table, struct mon_object object)
{
	object.kind = CD_OBJECT_ADDRESS;
	for (object.proto = MON_TCP; object.proto <= MON_UDP; object.proto++)
		if (mon_host_ops(table, &object))
			return true;
	return false;
}

bool mon_allows_name(const struct mon_table *table, const char *name, size_t len)
{
	return name && allows_host(table, (struct mon_object){.text = name, .len = len});
}

bool mon_allows_address(const struct mon_table *table, unsigned char family,
			const unsigned char *address)
{
	struct mon_object object = {.family = family};

	if (family != 4 && family != 6)
		return false;
	memcpy(object.address, address, family == 4 ? 4 : 16);
	return allows_host(table, object);
}
