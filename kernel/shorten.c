/*
 * Making a seccomp filter shorter.
 *
 * From its last instruction to its first, so that where a jump leads is known when it is met. The
 * new program grows downwards from the end of the room, and is moved to its beginning at last.
 * Returns are written when something needs them, and again when the last one is too far away: a
 * conditional jump reaches 255 instructions.
 */
#include "kernel/shorten.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define REACH	    UINT8_MAX
#define RETURNS_MAX 64

enum { RETURN = BPF_RET | BPF_K, GO = BPF_JMP | BPF_JA };

struct work {
	struct sock_filter *code;
	size_t at;   /* where the new program begins: everything from here on is written */
	size_t left; /* of the old one; what lies between is free */
	size_t count;
	struct {
		uint32_t verdict;
		size_t at; /* the nearest */
	} returns[RETURNS_MAX];
	size_t return_count;
	/* Of an old instruction: what it comes down to. A return's index in returns, plus the room;
	 * or its place in the new program. */
	uint16_t place[KERN_SHORTEN_MAX];
	size_t room;
	bool failed;
};

static size_t put(struct work *w, struct sock_filter instruction)
{
	if (w->at <= w->left) {
		w->failed = true;
		return w->at;
	}
	w->code[--w->at] = instruction;
	return w->at;
}

static bool reaches(const struct work *w, size_t to)
{
	return to - w->at <= REACH;
}

/* Which of the returns; one that was not needed before is nowhere yet. */
static uint16_t find_return(struct work *w, uint32_t verdict)
{
	size_t i = 0;

	while (i < w->return_count && w->returns[i].verdict != verdict)
		i++;
	if (i == RETURNS_MAX) {
		w->failed = true;
		return 0;
	}
	if (i == w->return_count) {
		w->returns[i].verdict = verdict;
		w->returns[i].at = SIZE_MAX;
		w->return_count++;
	}
	return (uint16_t)(w->room + i);
}

/* Where to go for what the old instruction was, within reach of one that is put next. */
static size_t near(struct work *w, size_t old)
{
	size_t place = w->place[old];

	if (place >= w->room) {
		size_t *at = &w->returns[place - w->room].at;

		if (*at == SIZE_MAX || !reaches(w, *at))
			*at = put(w, (struct sock_filter)BPF_STMT(
					 RETURN, w->returns[place - w->room].verdict));
		return *at;
	}
	if (!reaches(w, place))
		w->place[old] =
		    (uint16_t)put(w, (struct sock_filter)BPF_STMT(GO, (uint32_t)(place - w->at)));
	return w->place[old];
}

static void branch(struct work *w, size_t old)
{
	struct sock_filter jump = w->code[old];
	const size_t yes = old + 1 + jump.jt, no = old + 1 + jump.jf;
	size_t to_yes, to_no;

	if (yes >= w->count || no >= w->count) {
		w->failed = true;
		return;
	}
	if (w->place[yes] == w->place[no]) {
		w->place[old] = w->place[yes];
		return;
	}
	/* What is put for one of them may move the other one out of reach, once. */
	do {
		to_yes = near(w, yes);
		to_no = near(w, no);
	} while (!w->failed && !reaches(w, to_yes));
	jump.jt = (uint8_t)(to_yes - w->at);
	jump.jf = (uint8_t)(to_no - w->at);
	w->place[old] = (uint16_t)put(w, jump);
}

/* What was the old instruction comes next, after what is put now. */
static void go_on(struct work *w, size_t old)
{
	size_t next = near(w, old);

	if (next != w->at)
		put(w, (struct sock_filter)BPF_STMT(GO, (uint32_t)(next - w->at)));
}

/* An instruction that is followed by the next one. */
static void step(struct work *w, size_t old)
{
	const struct sock_filter instruction = w->code[old];

	if (old + 1 == w->count) {
		w->failed = true;
		return;
	}
	go_on(w, old + 1);
	w->place[old] = (uint16_t)put(w, instruction);
}

/* A jump to what the instruction leads to: it is that itself. */
static void follow(struct work *w, size_t old)
{
	const size_t to = old + 1 + w->code[old].k;

	w->failed |= to >= w->count;
	if (!w->failed)
		w->place[old] = w->place[to];
}

static void shorten(struct work *w, size_t old)
{
	const struct sock_filter *instruction = &w->code[old];

	switch (instruction->code) {
	case RETURN: w->place[old] = find_return(w, instruction->k); break;
	case GO: follow(w, old); break;
	case BPF_JMP | BPF_K | BPF_JEQ:
	case BPF_JMP | BPF_K | BPF_JGE:
	case BPF_JMP | BPF_K | BPF_JSET: branch(w, old); break;
	case BPF_LD | BPF_W | BPF_ABS:
	case BPF_ALU | BPF_AND | BPF_K: step(w, old); break;
	default: w->failed = true;
	}
}

enum cd_status kern_shorten(struct sock_filter *code, size_t room, size_t *count)
{
	struct work w;

	if (*count == 0 || *count > room || room > KERN_SHORTEN_MAX)
		return CD_ELIMIT;
	w.code = code;
	w.count = *count;
	w.at = w.room = room;
	w.return_count = 0;
	w.failed = false;
	for (w.left = *count; w.left > 0 && !w.failed;) {
		w.left--;
		shorten(&w, w.left);
	}
	if (!w.failed)
		go_on(&w, 0);
	if (w.failed)
		return CD_ELIMIT;
	*count = room - w.at;
	memmove(code, code + w.at, *count * sizeof(code[0]));
	return CD_OK;
}
