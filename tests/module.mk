TEST_SRC += $(wildcard tests/refmon/*.c tests/policy/*.c)
FUZZERS += fuzz_policy fuzz_path fuzz_trap fuzz_dns fuzz_audit fuzz_control fuzz_request
TEST_SRC += $(wildcard tests/audit/*.c tests/cli/*.c tests/lib/*.c tests/host/*.c tests/kernel/*.c)
docs/syscalls.md: tests/kernel/syscalls_doc.c kernel/syscalls.c kernel/syscalls.def
	@mkdir -p $(BUILD) && $(CC) $(filter-out -MMD -MP,$(BASE)) -DSYSCALLS_DOC_MAIN $(filter %.c,$^) -o $(BUILD)/syscalls_doc && $(BUILD)/syscalls_doc >$@

docs/attacks.md: tests/attacks/table tests/attacks/list.awk
	awk -f tests/attacks/list.awk $< >$@

# What the plan settles against the monitor alone: tests/property/property.c says how.
PROPERTY_CASES ?= 100000
PROPERTY_SEED ?= $(shell date +%s)
PROPERTY_FLAGS := -std=gnu11 -D_GNU_SOURCE $(WARN) -Wno-format-truncation -O1 -g -I.
PROPERTY := $(addprefix $(BUILD)/,property property-probe property-program)
$(BUILD)/property: tests/property/property.c tests/property/generate.c tests/property/generate.h
	$(CC) $(PROPERTY_FLAGS) $(filter %.c,$^) -o $@
$(BUILD)/property-probe: tests/property/probe.c
	$(CC) $(PROPERTY_FLAGS) $< -o $@
$(BUILD)/property-program: tests/property/program.S
	$(CC) -static -nostdlib -s -Wl,-z,noseparate-code,--build-id=none $< -o $@
property: all $(PROPERTY) ## random policies and calls, PROPERTY_CASES of them (100000): does the plan agree with the monitor?
	@$(BUILD)/property $(BUILD)/cordon $(BUILD)/property-probe $(BUILD)/property-program \
	  --cases $(PROPERTY_CASES) --seed $(PROPERTY_SEED)
.PHONY: property
