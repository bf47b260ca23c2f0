CORDON_SRC += loader/elf.c loader/functions.c loader/code.c loader/windows.c loader/sites.c loader/layout.c loader/frames.c loader/sections.c loader/rewrite.c \
	loader/verify.c loader/capstone_x86.c
TEST_SRC += $(wildcard tests/loader/*.c)
CORDON_SRC += loader/cache.c loader/helper.c loader/musl.S
