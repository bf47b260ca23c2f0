TEST_SRC += $(wildcard tests/refmon/*.c tests/policy/*.c)
FUZZERS += fuzz_policy fuzz_path
