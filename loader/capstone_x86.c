/*
 * libcapstone.a reads the code of eleven kinds of processors, and its cs.c refers to all of them.
 * Of these only x86 is wanted: with the others' two entry points defined here, the linker takes
 * nothing of them. They fail, so that cs_open() does for such a processor.
 */
#include <capstone/capstone.h>

#define ABSENT(arch)                                                                               \
	cs_err arch##_global_init(void *handle);                                                   \
	cs_err arch##_option(void *handle, cs_opt_type type, size_t value);                        \
	cs_err arch##_global_init(void *handle)                                                    \
	{                                                                                          \
		(void)handle;                                                                      \
		return CS_ERR_ARCH;                                                                \
	}                                                                                          \
	cs_err arch##_option(void *handle, cs_opt_type type, size_t value)                         \
	{                                                                                          \
		(void)handle, (void)type, (void)value;                                             \
		return CS_ERR_ARCH;                                                                \
	}

ABSENT(ARM)
ABSENT(AArch64)
ABSENT(EVM)
ABSENT(M680X)
ABSENT(M68K)
ABSENT(Mips)
ABSENT(PPC)
ABSENT(Sparc)
ABSENT(SystemZ)
ABSENT(TMS320C64x)
ABSENT(XCore)
