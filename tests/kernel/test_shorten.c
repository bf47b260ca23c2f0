/* Shorter filters: the same verdicts, of fewer instructions. */
#include "kernel/shorten.h"

#include <criterion/criterion.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LOAD(offset) (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define AND(bits)    (struct sock_filter) BPF_STMT(BPF_ALU | BPF_AND | BPF_K, bits)
#define RET(verdict) (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, verdict)
#define GO(distance) (struct sock_filter) BPF_STMT(BPF_JMP | BPF_JA, distance)
#define IF(test, value, yes, no)                                                                   \
	(struct sock_filter) BPF_JUMP(BPF_JMP | BPF_K | (test), value, yes, no)

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static bool holds(uint16_t test, uint32_t a, uint32_t k)
{
	return test == BPF_JEQ ? a == k : test == BPF_JGE ? a >= k : (a & k) != 0;
}

static uint32_t verdict(const struct sock_filter *code, size_t count, const uint32_t *words)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < count; pc++) {
		const struct sock_filter *i = &code[pc];

		switch (BPF_CLASS(i->code)) {
		case BPF_LD: a = words[i->k / 4]; break;
		case BPF_ALU: a &= i->k; break;
		case BPF_RET: return i->k;
		case BPF_JMP:
			if (BPF_OP(i->code) == BPF_JA)
				pc += i->k;
			else
				pc += holds(BPF_OP(i->code), a, i->k) ? i->jt : i->jf;
			break;
		default: cr_assert(false, "instruction %#x", i->code);
		}
	}
	cr_assert(false, "ran past the end");
	return 0;
}

/* One of a few, so that much is alike. */
static struct sock_filter any_instruction(size_t at, size_t count)
{
	static const uint16_t tests[] = {BPF_JEQ, BPF_JGE, BPF_JSET};
	size_t room = count - at - 2, near = room < 255 ? room : 255;

	switch (rand() % 8) {
	case 0: return LOAD(4 * (uint32_t)(rand() % 4));
	case 1: return AND((uint32_t)rand() % 16);
	case 2:
	case 3: return RET((uint32_t)rand() % 3);
	case 4: return GO((uint32_t)rand() % (uint32_t)(room + 1));
	default:
		return IF(tests[rand() % 3], (uint32_t)rand() % 16,
			  (uint8_t)((size_t)rand() % (near + 1)),
			  (uint8_t)((size_t)rand() % (near + 1)));
	}
}

Test(shorten, any_program_gives_the_same_verdicts)
{
	static struct sock_filter before[KERN_SHORTEN_MAX], after[KERN_SHORTEN_MAX];

	srand(1);
	for (unsigned round = 0; round < 2000; round++) {
		size_t count = 1 + (size_t)rand() % 1000, len = count;

		for (size_t i = 0; i + 1 < count; i++)
			before[i] = any_instruction(i, count);
		before[count - 1] = RET(7);
		memcpy(after, before, count * sizeof(before[0]));
		cr_assert_eq(kern_shorten(after, COUNT(after), &len), CD_OK);
		for (unsigned input = 0; input < 50; input++) {
			const uint32_t words[] = {(uint32_t)rand() % 16, (uint32_t)rand() % 16,
						  (uint32_t)rand() % 16, (uint32_t)rand() % 16};

			cr_assert_eq(verdict(before, count, words), verdict(after, len, words),
				     "round %u", round);
		}
	}
}

Test(shorten, a_verdict_that_is_near_is_said_once)
{
	struct sock_filter code[64] = {LOAD(0)};
	size_t count = 1;

	for (uint32_t i = 0; i < 10; i++) {
		code[count++] = IF(BPF_JEQ, i, 0, 1);
		code[count++] = RET(1);
	}
	code[count++] = RET(2);
	cr_assert_eq(kern_shorten(code, COUNT(code), &count), CD_OK);
	cr_assert_eq(count, 1 + 10 + 2, "%zu", count);
}

Test(shorten, a_verdict_that_is_far_is_said_again)
{
	static struct sock_filter code[KERN_SHORTEN_MAX] = {LOAD(0)};
	const uint32_t words[4] = {3};
	size_t count = 1;

	for (uint32_t i = 0; i < 900; i++)
		code[count++] = IF(BPF_JEQ, i, 0, 1), code[count++] = RET(1);
	code[count++] = RET(2);
	cr_assert_eq(kern_shorten(code, COUNT(code), &count), CD_OK);
	cr_assert_leq(count, 1 + 900 + 2 + 4 * 2, "%zu", count);
	cr_assert_eq(verdict(code, count, words), 1);
	cr_assert_eq(verdict(code, count, (const uint32_t[4]){1000}), 2);
}

Test(shorten, what_it_does_not_know_is_refused)
{
	struct sock_filter tax[] = {BPF_STMT(BPF_MISC | BPF_TAX, 0), RET(0)};
	struct sock_filter past[] = {IF(BPF_JEQ, 0, 0, 1), RET(0)};
	struct sock_filter far[] = {GO(1), RET(0)};
	struct sock_filter endless[] = {LOAD(0)};
	size_t one = 1, two[] = {2, 2, 2}, none = 0;

	cr_expect_eq(kern_shorten(tax, 2, &two[0]), CD_ELIMIT);
	cr_expect_eq(kern_shorten(past, 2, &two[1]), CD_ELIMIT);
	cr_expect_eq(kern_shorten(far, 2, &two[2]), CD_ELIMIT);
	cr_expect_eq(kern_shorten(endless, 1, &one), CD_ELIMIT);
	cr_expect_eq(kern_shorten(endless, 1, &none), CD_ELIMIT);
}

Test(shorten, without_room_nothing_is_overwritten_unread)
{
	/* Each return far from the last one like it: it takes more than there is between. */
	static struct sock_filter code[600], before[600];
	size_t count = 0, len;

	code[count++] = LOAD(0);
	for (uint32_t i = 0; i < 298; i++)
		code[count++] = IF(BPF_JEQ, i, 0, 1), code[count++] = RET(i % 60);
	code[count++] = RET(2);
	memcpy(before, code, sizeof(code));
	len = count;
	if (kern_shorten(code, count, &len) != CD_OK)
		return;
	for (uint32_t i = 0; i < 300; i++)
		cr_assert_eq(verdict(code, len, (const uint32_t[4]){i}),
			     verdict(before, count, (const uint32_t[4]){i}));
}
