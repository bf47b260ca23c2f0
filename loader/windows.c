/*
 * Windows of asynchronous cancellation.
 *
 * In glibc before 2.41, a cancellation point of a program with several threads is
 *
 *	call	__pthread_enable_asynccancel
 *	mov	$nr,%eax
 *	syscall
 *	call	__pthread_disable_asynccancel
 *
 * and a signal that arrives between the two calls unwinds the stack from wherever the thread is. In
 * the shim that cannot be done, so such sites stay as they are: they trap, as without a shim.
 *
 * Neither function has a name in a stripped file. They are told by what they do: atomically change
 * a word of the thread's own descriptor, that is, `lock cmpxchg` on %fs:offset, or on an address
 * made of what was read from %fs:offset. (pthread_setcancelstate() and pthread_setcanceltype() do
 * that, too, and they may open a window as well.) A function that does so in its first
 * instructions is called a switch here.
 *
 * Inside is all that can be reached from behind a call of a switch without calling another one, and
 * what falls through to such a call. A jump whose target is not known puts the whole function
 * inside. Too much inside costs speed; too little would cost correctness.
 */
#include "loader/windows.h"

#include <stdlib.h>
#include <string.h>

#include "lib/vec.h"

#define SWITCH_BYTES 160 /* of a function are looked at */
#define SWITCH_INSNS 40
#define AHEAD_INSNS  16 /* behind a `syscall` */

static bool get_bit(const uint8_t *bits, uint64_t i)
{
	return bits[i / 8] >> (i % 8) & 1;
}

static void set_bit(uint8_t *bits, uint64_t i)
{
	bits[i / 8] |= (uint8_t)(1u << (i % 8));
}

static uint64_t offset_of(const struct loader_windows *windows, const uint8_t *bytes)
{
	return (uint64_t)(bytes - windows->elf->bytes);
}

/* The last start that is not behind an address. */
static size_t start_of(const struct loader_elf *elf, uint64_t at)
{
	size_t low = 0, high = elf->starts_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (elf->starts[middle] <= at)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* The code from an address to where the next function begins; NULL: none. */
static const uint8_t *rest_of(const struct loader_elf *elf, uint64_t at, size_t *left)
{
	const uint8_t *bytes = loader_elf_code(elf, at, left);
	size_t next = start_of(elf, at) + 1;

	if (bytes && next < elf->starts_count && elf->starts[next] - at < *left)
		*left = elf->starts[next] - at;
	return bytes;
}

/* --- switches --- */

/* lock cmpxchg with prefixes as they come; a look at the bytes spares most functions a reading. */
static bool has_locked_exchange(const uint8_t *bytes, size_t left)
{
	const uint8_t *end = bytes + left, *at = bytes;

	while ((at = memchr(at, 0xf0, (size_t)(end - at))) != NULL) {
		at++;
		for (size_t i = 0; i < 4 && end - at >= (ptrdiff_t)i + 2; i++) {
			if (at[i] == 0x0f && at[i + 1] == 0xb1)
				return true;
		}
	}
	return false;
}

/*
 * Follow one instruction: which registers hold an address within the thread's descriptor. True: it
 * is the atomic change that was looked for.
 */
static bool follow_thread(const struct loader_code *code, bool is_thread[X86_REG_ENDING])
{
	const cs_x86 *x86 = &code->insn->detail->x86;
	const cs_x86_op *to = &x86->operands[0], *from = &x86->operands[1];
	bool is = false;

	if (x86->op_count < 2)
		return false;
	if (code->insn->id == X86_INS_CMPXCHG && to->type == X86_OP_MEM)
		return x86->prefix[0] == X86_PREFIX_LOCK &&
		       (to->mem.segment == X86_REG_FS || is_thread[to->mem.base]);
	if (to->type != X86_OP_REG || code->insn->id == X86_INS_CMP ||
	    code->insn->id == X86_INS_TEST)
		return false;
	if (code->insn->id == X86_INS_MOV && from->type == X86_OP_MEM)
		is = from->mem.segment == X86_REG_FS && from->size == 8;
	else if (code->insn->id == X86_INS_LEA)
		is = is_thread[from->mem.base];
	else if (code->insn->id == X86_INS_MOV && from->type == X86_OP_REG)
		is = is_thread[from->reg];
	else if (code->insn->id == X86_INS_ADD || code->insn->id == X86_INS_SUB)
		is = is_thread[to->reg];
	is_thread[to->reg] = is;
	return false;
}

static bool read_switch(struct loader_code *code, const uint8_t *bytes, size_t left, uint64_t at)
{
	bool is_thread[X86_REG_ENDING] = {false};

	for (int i = 0; i < SWITCH_INSNS; i++) {
		size_t size;

		if (!left || !loader_code_read(code, bytes, left, at))
			return false;
		if (follow_thread(code, is_thread))
			return true;
		size = code->insn->size;
		bytes += size, left -= size, at += size;
	}
	return false;
}

static bool is_switch(struct loader_windows *windows, uint64_t target)
{
	size_t left;
	const uint8_t *bytes = rest_of(windows->elf, target, &left);
	uint64_t offset;

	if (!bytes)
		return false;
	offset = offset_of(windows, bytes);
	if (!get_bit(windows->asked, offset)) {
		if (left > SWITCH_BYTES)
			left = SWITCH_BYTES;
		if (has_locked_exchange(bytes, left) &&
		    read_switch(windows->code, bytes, left, target))
			set_bit(windows->is_switch, offset);
		set_bit(windows->asked, offset);
	}
	return get_bit(windows->is_switch, offset);
}

/* --- the walk --- */

static enum cd_status put_todo(struct loader_windows *windows, uint64_t at)
{
	uint64_t *grown = cd_vec_grow(windows->todo, &windows->todo_capacity,
				      windows->todo_count + 1, sizeof(*grown));

	if (!grown)
		return CD_ENOMEM;
	windows->todo = grown;
	windows->todo[windows->todo_count++] = at;
	return CD_OK;
}

/* The function, or what stands for one, around an address is inside as a whole. */
static void put_inside(struct loader_windows *windows, uint64_t at)
{
	const struct loader_elf *elf = windows->elf;
	size_t len;
	const uint8_t *bytes = rest_of(elf, elf->starts[start_of(elf, at)], &len);

	for (size_t i = 0; bytes && i < len; i++)
		set_bit(windows->inside, offset_of(windows, bytes) + i);
}

/* A call that is a function's last instruction does not return: __stack_chk_fail(), abort(). */
static bool returns(const struct loader_windows *windows)
{
	uint64_t behind = windows->code->insn->address + windows->code->insn->size;

	return windows->elf->starts[start_of(windows->elf, behind)] != behind;
}

/* What the walk does behind one instruction. */
enum way { WAY_ON, WAY_END, WAY_LOST };

static enum way next_way(struct loader_windows *windows, enum cd_status *status)
{
	const struct loader_code *code = windows->code;
	uint64_t target;

	if (loader_code_in_group(code, X86_GRP_RET) || loader_code_in_group(code, X86_GRP_IRET) ||
	    code->insn->id == X86_INS_HLT || code->insn->id == X86_INS_UD2 ||
	    code->insn->id == X86_INS_INT3)
		return WAY_END;
	if (loader_code_in_group(code, X86_GRP_CALL)) {
		if (!returns(windows))
			return WAY_END;
		if (!loader_code_target(code, &target))
			return WAY_ON;
		return is_switch(windows, target) ? WAY_END : WAY_ON;
	}
	if (!loader_code_in_group(code, X86_GRP_JUMP))
		return WAY_ON;
	if (!loader_code_target(code, &target))
		return WAY_LOST;
	/* is_switch() is not asked here, so what was read last is still this jump. */
	*status = put_todo(windows, target);
	return code->insn->id == X86_INS_JMP ? WAY_END : WAY_ON;
}

static enum cd_status walk(struct loader_windows *windows, uint64_t from)
{
	enum cd_status status = put_todo(windows, from);

	while (windows->todo_count && status == CD_OK) {
		uint64_t at = windows->todo[--windows->todo_count];
		enum way way = WAY_ON;

		while (way == WAY_ON && status == CD_OK) {
			size_t left, size = 0;
			const uint8_t *bytes = loader_elf_code(windows->elf, at, &left);

			if (!bytes || get_bit(windows->inside, offset_of(windows, bytes)))
				break;
			set_bit(windows->inside, offset_of(windows, bytes));
			if (!loader_code_read(windows->code, bytes, left, at)) {
				way = WAY_LOST;
			} else {
				size = windows->code->insn->size;
				way = next_way(windows, &status);
			}
			if (way == WAY_LOST) {
				put_inside(windows, at);
				put_inside(windows, from);
			}
			at += size;
		}
	}
	return status;
}

/* Each call of a switch. That a byte looks like a call and is none puts a little too much inside.
 */
static enum cd_status walk_segment(struct loader_windows *windows, const GElf_Phdr *load)
{
	const uint8_t *bytes = windows->elf->bytes + load->p_offset;
	enum cd_status status = CD_OK;

	for (uint64_t i = 0; i + 5 <= load->p_filesz && status == CD_OK; i++) {
		const uint8_t *call = memchr(bytes + i, 0xe8, load->p_filesz - i - 4);
		int32_t distance;
		uint64_t behind;

		if (!call)
			break;
		i = (uint64_t)(call - bytes);
		memcpy(&distance, call + 1, sizeof(distance));
		behind = load->p_vaddr + i + 5;
		if (is_switch(windows, behind + (uint64_t)(int64_t)distance))
			status = walk(windows, behind);
	}
	return status;
}

enum cd_status loader_windows_open(struct loader_windows *windows, const struct loader_elf *elf,
				   struct loader_code *code)
{
	size_t size = elf->size / 8 + 1;
	enum cd_status status = CD_OK;

	*windows = (struct loader_windows){.elf = elf, .code = code};
	windows->inside = calloc(1, size);
	windows->asked = calloc(1, size);
	windows->is_switch = calloc(1, size);
	if (!windows->inside || !windows->asked || !windows->is_switch)
		status = CD_ENOMEM;
	for (unsigned i = 0; i < elf->count && status == CD_OK; i++) {
		if (elf->phdr[i].p_type == PT_LOAD && (elf->phdr[i].p_flags & PF_X))
			status = walk_segment(windows, &elf->phdr[i]);
	}
	if (status != CD_OK)
		loader_windows_close(windows);
	return status;
}

void loader_windows_close(struct loader_windows *windows)
{
	free(windows->inside);
	free(windows->asked);
	free(windows->is_switch);
	free(windows->todo);
}

bool loader_windows_has(struct loader_windows *windows, uint64_t at)
{
	size_t left;
	const uint8_t *bytes = loader_elf_code(windows->elf, at, &left);

	if (!bytes || get_bit(windows->inside, offset_of(windows, bytes)))
		return true;
	for (int i = 0; i < AHEAD_INSNS && left; i++) {
		uint64_t target;
		size_t size;

		if (!loader_code_read(windows->code, bytes, left, at))
			return true;
		if (loader_code_in_group(windows->code, X86_GRP_RET) ||
		    windows->code->insn->id == X86_INS_JMP)
			return false;
		size = windows->code->insn->size;
		if (loader_code_in_group(windows->code, X86_GRP_CALL) &&
		    loader_code_target(windows->code, &target) && is_switch(windows, target))
			return true;
		bytes += size, left -= size, at += size;
	}
	return false;
}
