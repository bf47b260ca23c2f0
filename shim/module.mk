CORDON_SRC += shim/carry.S
TEST_SRC += $(wildcard tests/shim/*.c)
# What runs in programs; carried by the above, linked into nothing.
SHIM_SRC := shim/arch/x86_64/entry.S shim/shim.c
