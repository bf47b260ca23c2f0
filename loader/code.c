/*
 * Reading instructions. What capstone says is trusted for length and operands; what may be copied
 * to another address is a short list, as its notes on implicit registers have holes.
 */
#include "loader/code.h"

#include <string.h>

enum cd_status loader_code_open(struct loader_code *code)
{
	*code = (struct loader_code){0};
	if (cs_open(CS_ARCH_X86, CS_MODE_64, &code->handle) != CS_ERR_OK)
		return CD_ENOMEM;
	if (cs_option(code->handle, CS_OPT_DETAIL, CS_OPT_ON) == CS_ERR_OK)
		code->insn = cs_malloc(code->handle);
	if (!code->insn) {
		cs_close(&code->handle);
		return CD_ENOMEM;
	}
	return CD_OK;
}

void loader_code_close(struct loader_code *code)
{
	cs_free(code->insn, 1);
	cs_close(&code->handle);
}

bool loader_code_read(struct loader_code *code, const uint8_t *bytes, size_t left, uint64_t at)
{
	return cs_disasm_iter(code->handle, &bytes, &left, &at, code->insn);
}

static const cs_x86 *details(const struct loader_code *code)
{
	return &code->insn->detail->x86;
}

static bool is_number(unsigned reg)
{
	return reg == X86_REG_RAX || reg == X86_REG_EAX || reg == X86_REG_AX || reg == X86_REG_AL ||
	       reg == X86_REG_AH;
}

static bool is_stack(unsigned reg)
{
	return reg == X86_REG_RSP || reg == X86_REG_ESP || reg == X86_REG_SP || reg == X86_REG_SPL;
}

static bool is_in(const uint16_t *regs, uint8_t count, bool (*is)(unsigned))
{
	for (uint8_t i = 0; i < count; i++) {
		if (is(regs[i]))
			return true;
	}
	return false;
}

/* In any way: reading it between is rare enough to be treated as writing it. */
bool loader_code_uses_number(const struct loader_code *code)
{
	const cs_detail *detail = code->insn->detail;
	const cs_x86 *x86 = details(code);

	if (is_in(detail->regs_read, detail->regs_read_count, is_number) ||
	    is_in(detail->regs_write, detail->regs_write_count, is_number))
		return true;
	for (uint8_t i = 0; i < x86->op_count; i++) {
		const cs_x86_op *op = &x86->operands[i];

		if ((op->type == X86_OP_REG && is_number(op->reg)) ||
		    (op->type == X86_OP_MEM &&
		     (is_number(op->mem.base) || is_number(op->mem.index))))
			return true;
	}
	return false;
}

static bool is_plain(unsigned id)
{
	static const uint16_t plain[] = {
	    X86_INS_MOV,    X86_INS_MOVABS, X86_INS_MOVZX,  X86_INS_MOVSX, X86_INS_MOVSXD,
	    X86_INS_LEA,    X86_INS_XOR,    X86_INS_AND,    X86_INS_OR,	   X86_INS_ADD,
	    X86_INS_SUB,    X86_INS_SHL,    X86_INS_SHR,    X86_INS_SAR,   X86_INS_NOT,
	    X86_INS_NEG,    X86_INS_NOP,    X86_INS_CMP,    X86_INS_TEST,  X86_INS_MOVAPS,
	    X86_INS_MOVUPS, X86_INS_MOVDQA, X86_INS_MOVDQU, X86_INS_MOVQ,  X86_INS_MOVD,
	};

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (plain[i] == id)
			return true;
	}
	return false;
}

bool loader_code_is_movable(const struct loader_code *code)
{
	const cs_x86 *x86 = details(code);

	if (!is_plain(code->insn->id) || loader_code_uses_number(code))
		return false;
	for (uint8_t i = 0; i < x86->op_count; i++) {
		const cs_x86_op *op = &x86->operands[i];

		if (op->type == X86_OP_MEM &&
		    (op->mem.base == X86_REG_RIP || op->mem.base == X86_REG_EIP))
			return false;
		if (op->type == X86_OP_REG && i == 0 && is_stack(op->reg))
			return false;
	}
	return true;
}

bool loader_code_in_group(const struct loader_code *code, uint8_t group)
{
	return cs_insn_group(code->handle, code->insn, group);
}

bool loader_code_target(const struct loader_code *code, uint64_t *out)
{
	const cs_x86 *x86 = details(code);

	if (x86->op_count != 1 || x86->operands[0].type != X86_OP_IMM ||
	    !(loader_code_in_group(code, X86_GRP_JUMP) || loader_code_in_group(code, X86_GRP_CALL)))
		return false;
	*out = (uint64_t)x86->operands[0].imm;
	return true;
}

bool loader_is_shim_call(uint32_t nr)
{
	switch (nr) {
#define SHIM_CALL(number, name) case number:
#include "shim/calls.def"
#undef SHIM_CALL
		return true;
	default: return false;
	}
}
