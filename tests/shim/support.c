#include "support.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>

#include "cordon/shim.h"
#include "shim/shim.h"

enum { PAGE = 4096, IMAGE_AT = 2 * PAGE, SLOT_AT = 3 * PAGE, SITES_AT = PAGE, SEGMENT = 4 * PAGE };
enum { XSTATE_BV = 512 };

void shim_file_init(struct shim_file *file)
{
	size_t stub = shim_stub_size();
	size_t image = shim_image_size();
	struct cd_shim_head head = {
	    .magic = CD_SHIM_MAGIC, .slot = SLOT_AT, .image = IMAGE_AT, .image_size = image};

	file->segment =
	    mmap(NULL, SEGMENT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(file->segment, MAP_FAILED);
	head.entry = (int64_t)((uintptr_t)shim_machine_landing - (uintptr_t)file->segment);
	cr_assert(CD_HEAD_SIZE + stub <= SITES_AT && image <= CD_SHIM_CODE);
	memcpy(file->segment, &head, sizeof(head));
	memcpy(file->segment + CD_HEAD_SIZE, shim_stub, stub);
	memcpy(file->segment + IMAGE_AT, shim_image, image);
	file->slot = (uint64_t *)(file->segment + SLOT_AT);
	file->used = SITES_AT;
}

static uint8_t *put(uint8_t *at, const void *bytes, size_t count)
{
	return (uint8_t *)memcpy(at, bytes, count) + count;
}

/* Four bytes, counted from behind themselves. */
static uint8_t *put_distance(uint8_t *at, const uint8_t *to)
{
	int32_t distance = (int32_t)(to - (at + 4));

	return put(at, &distance, sizeof(distance));
}

/*
 *	mov %rcx,%r10; jmp trampoline; nop; site: syscall; ret
 *	trampoline: mov $nr,%eax; nop; lea site(%rip),%r11; jmp stub
 */
struct shim_site shim_file_site(struct shim_file *file, unsigned nr)
{
	uint8_t *function = file->segment + file->used, *syscall = function + 9;
	uint8_t *trampoline = function + 16, *end;

	put_distance(put(function, "\x49\x89\xca\xe9", 4), trampoline);
	put(function + 8, "\x90\x0f\x05\xc3", 4);
	end = put(put(trampoline, "\xb8", 1), &nr, 4);
	end = put_distance(put(end, "\x90\x4c\x8d\x1d", 4), syscall);
	end = put_distance(put(end, "\xe9", 1), file->segment + CD_STUB_CALL);
	file->used = (size_t)(end - file->segment + 15) & ~(size_t)15;
	cr_assert(file->used <= IMAGE_AT);
	return (struct shim_site){(shim_site_fn *)(uintptr_t)function, (uintptr_t)syscall};
}

void shim_file_seal(struct shim_file *file)
{
	cr_assert_eq(mprotect(file->segment, SLOT_AT, PROT_READ | PROT_EXEC), 0);
}

void shim_map(void)
{
	void *base = mmap((void *)CD_SHIM_BASE, CD_SHIM_CODE + CD_SHIM_DATA, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	cr_assert_eq(base, (void *)CD_SHIM_BASE);
	memcpy(base, shim_image, shim_image_size());
	cr_assert_eq(mprotect(base, CD_SHIM_CODE, PROT_READ | PROT_EXEC), 0);
	shim_tell("", 1);
}

void shim_tell(const char *settled, size_t length)
{
	static const struct cd_shim_told told = {.native = 1};

	memcpy((void *)(CD_SHIM_BASE + CD_SHIM_CODE + sizeof(told)), settled, length);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	memcpy((void *)(CD_SHIM_BASE + CD_SHIM_CODE), &told, sizeof(told));
}

void shim_silence(void)
{
	memset((void *)(CD_SHIM_BASE + CD_SHIM_CODE), 0, sizeof(struct cd_shim_told));
}

/* ---- the machine ---- */

struct shim_machine shim_machine;

/* Loads and stores of all registers but the stack pointer; none touches the flags. */
#define ALL(does)                                                                                  \
	does(rax, 0) does(rbx, 8) does(rcx, 16) does(rdx, 24) does(rsi, 32) does(rdi, 40)          \
	    does(rbp, 48) does(r8, 56) does(r9, 64) does(r10, 72) does(r11, 80) does(r12, 88)      \
		does(r13, 96) does(r14, 104) does(r15, 112)
#define LOAD(register, offset)	"mov shim_machine + " #offset "(%rip), %" #register "\n"
#define STORE(register, offset) "mov %" #register ", shim_machine + 120 + " #offset "(%rip)\n"
_Static_assert(offsetof(struct shim_machine, out) == 120, "as above");
_Static_assert(offsetof(struct shim_machine, flags_in) == 240, "as below");
_Static_assert(offsetof(struct shim_machine, target) == 256, "as below");
_Static_assert(offsetof(struct shim_machine, stack) == 264, "as below");
_Static_assert(offsetof(struct shim_machine, red_zone) == 288, "as below");
_Static_assert(offsetof(struct shim_machine, avx) == 416, "as below");
_Static_assert(offsetof(struct shim_machine, state_in) == 448, "as below");

#define PUSH_KEPT "push %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\npush %r15\n"
#define POP_KEPT  "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbp\npop %rbx\n"
#define XSAVE(where)                                                                               \
	"mov $-1, %eax\nmov $-1, %edx\n"                                                           \
	"lea shim_machine + " where "(%rip), %rdi\nxsave64 (%rdi)\n"

__asm__(".text\n"
	".globl shim_machine_call, shim_machine_jump, shim_machine_landing\n"
	".hidden shim_machine_call, shim_machine_jump, shim_machine_landing\n"
	".type shim_machine_call, @function\n"
	"shim_machine_call:\n" PUSH_KEPT "	mov	%rsp, shim_machine + 280(%rip)\n"
	"	mov	shim_machine + 264(%rip), %rax\n"
	"	test	%rax, %rax\n"
	"	cmovnz	%rax, %rsp\n"
	"	lea	-136(%rsp), %rdi\n"
	"	movabs	$0x7265647265647265, %rax\n"
	"	mov	$16, %ecx\n"
	"	rep stosq\n"
	"	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
	"	movq	%rax, %xmm\\n\n"
	"	.endr\n"
	"	cmpq	$0, shim_machine + 416(%rip)\n"
	"	je	1f\n"
	"	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
	"	vinsertf128 $1, %xmm\\n, %ymm\\n, %ymm\\n\n"
	"	.endr\n"
	"1:\n" /* */
	XSAVE("448") "	push	shim_machine + 240(%rip)\n"
		     "	popfq\n"			     /* */
	ALL(LOAD) "	call	*shim_machine + 256(%rip)\n" /* */
	ALL(STORE) "	pushfq\n"
		   "	pop	shim_machine + 248(%rip)\n"
		   "	push	$2\n"
		   "	popfq\n"
		   "	mov	%rsp, shim_machine + 272(%rip)\n"
		   "	lea	-136(%rsp), %rsi\n"
		   "	lea	shim_machine + 288(%rip), %rdi\n"
		   "	mov	$16, %ecx\n"
		   "	rep movsq\n" XSAVE(
		       "448 + 16384") "	mov	shim_machine + 280(%rip), %rsp\n" POP_KEPT
				      "	ret\n"
				      ".type shim_machine_jump, @function\n"
				      "shim_machine_jump:\n" PUSH_KEPT
				      "	mov	%rsp, shim_machine + 280(%rip)\n"
				      "	mov	shim_machine + 264(%rip), %rsp\n"
				      "	push	shim_machine + 240(%rip)\n"
				      "	popfq\n" /* */
	ALL(LOAD) "	jmp	*shim_machine + 256(%rip)\n"
		  ".type shim_machine_landing, @function\n"
		  "shim_machine_landing:\n" /* */
	ALL(STORE) "	mov	%rsp, shim_machine + 272(%rip)\n"
		   "	pushfq\n"
		   "	pop	shim_machine + 248(%rip)\n"
		   "	mov	shim_machine + 280(%rip), %rsp\n"
		   "	push	$2\n"
		   "	popfq\n" POP_KEPT "	ret\n");

const char *shim_machine_changed(void)
{
	static const char *const names[REGISTERS] = {"rax", "rbx", "rcx", "rdx", "rsi",
						     "rdi", "rbp", "r8",  "r9",	 "r10",
						     "r11", "r12", "r13", "r14", "r15"};
	const struct shim_machine *m = &shim_machine;

	for (unsigned r = 0; r < REGISTERS; r++)
		if (r != RAX && r != RCX && r != R11 && m->in[r] != m->out[r])
			return names[r];
	if (m->flags_in != m->flags_out)
		return "the flags";
	if (m->stack && m->stack != m->stack_out)
		return "rsp";
	for (unsigned i = 0; i < 16; i++)
		if (m->red_zone[i] != RED_PATTERN)
			return "the red zone";
	/* All but the word that says which parts Linux had to load: a signal may change that. */
	if (memcmp(m->state_in, m->state_out, XSTATE_BV) != 0 ||
	    memcmp(m->state_in + XSTATE_BV + 8, m->state_out + XSTATE_BV + 8,
		   sizeof(m->state_in) - XSTATE_BV - 8) != 0)
		return "vector state";
	return NULL;
}
