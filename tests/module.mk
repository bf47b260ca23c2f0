TEST_SRC += $(wildcard tests/refmon/*.c tests/policy/*.c)
FUZZERS += fuzz_policy fuzz_path fuzz_trap
TEST_SRC += $(wildcard tests/lib/*.c tests/host/*.c tests/kernel/*.c)
docs/syscalls.md: tests/kernel/syscalls_doc.c kernel/syscalls.c kernel/syscalls.def
	@mkdir -p $(BUILD) && $(CC) $(filter-out -MMD -MP,$(BASE)) -DSYSCALLS_DOC_MAIN $(filter %.c,$^) -o $(BUILD)/syscalls_doc && $(BUILD)/syscalls_doc >$@
