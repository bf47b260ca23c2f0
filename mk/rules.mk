# How things are made. What is made is listed in */module.mk.

$(BUILD)/ship/%.o: %.c
	@mkdir -p $(@D)
	$(MUSL_CC) $(MUSL_FLAGS) -c $< -o $@
$(BUILD)/ship/%.o: %.S
	@mkdir -p $(@D)
	$(MUSL_CC) -I. -Iinclude -Wa,-I$(BUILD) -MMD -MP -c $< -o $@
$(BUILD)/unit/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(BASE) -O1 -DCORDON_TEST -c $< -o $@
$(BUILD)/san/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(BASE) $(SAN) -DCORDON_TEST -c $< -o $@

# pid 1 of a space: a program of its own, carried inside cordon.
$(BUILD)/cordon-init: $(call ship_obj,$(INIT_SRC))
	$(MUSL_CC) -static -Wl,-z,relro,-z,now,-z,noexecstack -s $^ -o $@
$(BUILD)/ship/kernel/init_image.o: $(BUILD)/cordon-init

# What the static build has of its own.
MUSL_SRC := lib/musl_fortify.c lib/musl_memcpy.c lib/musl_memcmp.c
# Archives, of which only what is used is taken.
STATIC_LIBS := $(SYSLIB)/libjansson.a $(SYSLIB)/libelf.a $(SYSLIB)/libz.a $(SYSLIB)/libcapstone.a $(SYSLIB)/libcares.a $(SYSLIB)/libsodium.a
$(BUILD)/cordon: $(call ship_obj,$(CORDON_SRC) $(MUSL_SRC))
	$(MUSL_CC) -static -Wl,-z,relro,-z,now,-z,noexecstack $^ $(STATIC_LIBS) -o $@

# The built-in groups, read while cordon is built, by the reader that it reads policies with.
$(BUILD)/make-groups: $(call ship_obj,policy/make_groups.c $(filter lib/% refmon/% policy/%,$(CORDON_SRC)) $(MUSL_SRC))
	$(MUSL_CC) -static $^ $(SYSLIB)/libjansson.a -o $@
$(BUILD)/groups.c: $(BUILD)/make-groups $(GROUPS_JSON)
	$(BUILD)/make-groups $(GROUPS_JSON) >$@.new && mv $@.new $@
$(BUILD)/templates.c: $(BUILD)/make-groups $(TEMPLATES_JSON)
	$(BUILD)/make-groups --templates $(TEMPLATES_JSON) >$@.new && mv $@.new $@
lint: $(BUILD)/groups.c $(BUILD)/templates.c

# The page of `cordon report`.
$(BUILD)/page.c: mk/page.sh $(wildcard cli/page/*)
	@mkdir -p $(@D)
	sh mk/page.sh cli/page >$@.new && mv $@.new $@
lint: $(BUILD)/page.c

# The same program with the hook that plays a monitor in an attacker's hands; never installed.
$(BUILD)/cordon-hooked: $(patsubst $(BUILD)/ship/%,$(BUILD)/hook/%,$(call ship_obj,$(CORDON_SRC) $(MUSL_SRC) tests/hook/hook.c))
	$(MUSL_CC) -static $^ $(STATIC_LIBS) -o $@
$(BUILD)/hook/%.o: %.c
	@mkdir -p $(@D)
	$(MUSL_CC) $(MUSL_FLAGS) -DCORDON_HOOK -c $< -o $@
$(BUILD)/hook/%.o: %.S
	@mkdir -p $(@D)
	$(MUSL_CC) -I. -Iinclude -Wa,-I$(BUILD) -MMD -MP -c $< -o $@
$(BUILD)/hook/kernel/init_image.o: $(BUILD)/cordon-init

# The tests carry the image as the program does.
INIT_IMAGE := $(BUILD)/ship/kernel/init_image.o
$(BUILD)/unit-tests: $(call unit_obj,$(LIB_SRC) $(TEST_SRC)) $(INIT_IMAGE)
	$(CC) $^ -o $@ -lcriterion -ljansson -lelf -lcapstone -lcares -lsodium -lpthread
$(BUILD)/san-tests: $(call san_obj,$(LIB_SRC) $(TEST_SRC)) $(INIT_IMAGE)
	$(CC) $(SAN) $^ -o $@ -lcriterion -ljansson -lelf -lcapstone -lcares -lsodium -lpthread

# --- fuzzers: tests/fuzz/fuzz_NAME.c each, with every module source, by clang ---
FUZZ_FLAGS := $(BASE) -O1 -DCORDON_TEST -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
$(BUILD)/fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(CLANG) $(FUZZ_FLAGS) -c $< -o $@
$(BUILD)/fuzz_%: $(BUILD)/fuzz/tests/fuzz/fuzz_%.o $(patsubst %.c,$(BUILD)/fuzz/%.o,$(LIB_SRC)) $(INIT_IMAGE)
	$(CLANG) -fsanitize=fuzzer,address,undefined $^ -o $@ -ljansson -lelf -lcapstone -lcares -lsodium -lpthread
FUZZ_SECONDS ?= 60
fuzz: $(addprefix $(BUILD)/,$(FUZZERS)) ## run each fuzzer for FUZZ_SECONDS (60)
	@for f in $(FUZZERS); do mkdir -p $(BUILD)/corpus/$$f; echo "$$f: $(FUZZ_SECONDS) s"; \
	  $(BUILD)/$$f -max_total_time=$(FUZZ_SECONDS) -timeout=10 -print_final_stats=1 \
	    -artifact_prefix=$(BUILD)/corpus/$$f- $(BUILD)/corpus/$$f tests/fuzz/seeds/$$f >$(BUILD)/$$f.log 2>&1 \
	    || { tail -40 $(BUILD)/$$f.log; exit 1; }; grep -E 'number_of_executed|peak_rss' $(BUILD)/$$f.log; done

# The shim: two flat binaries for the loader to put into programs. Freestanding: it runs on any libc's stack and
# thread block, so check.sh fails the build for anything that it cannot bring along.
SHIM_FLAGS := -std=gnu11 $(WARN) -Os -ffreestanding -nostdlib -mgeneral-regs-only -fpie -mno-red-zone -fvisibility=hidden \
	-fno-stack-protector -fno-stack-clash-protection -fcf-protection=none -fno-jump-tables -fno-tree-loop-distribute-patterns \
	-fno-asynchronous-unwind-tables -Wframe-larger-than=256 -MMD -MP -I. -Iinclude
SHIM_OBJ := $(patsubst %,$(BUILD)/%.o,$(basename $(SHIM_SRC)))
SHIM_IMAGE := $(BUILD)/ship/shim/carry.o
$(BUILD)/shim/%.o: shim/%.c
	@mkdir -p $(@D)
	$(CC) $(SHIM_FLAGS) -c $< -o $@
$(BUILD)/shim/%.o: shim/%.S
	@mkdir -p $(@D)
	$(CC) -MMD -MP -I. -Iinclude -c $< -o $@
$(BUILD)/shim/image.elf: shim/image.lds include/cordon/shim.h $(SHIM_OBJ)
	$(CC) -E -P -x assembler-with-cpp -Iinclude $< -o $(BUILD)/shim/image.ld
	$(LD) -static --no-undefined --build-id=none -z noexecstack -T $(BUILD)/shim/image.ld $(SHIM_OBJ) -o $@
$(BUILD)/shim/image.bin: $(BUILD)/shim/image.elf shim/check.sh
	objcopy -O binary -j .text $< $@.new && sh shim/check.sh 4096 $@.new $< $(SHIM_OBJ) && mv $@.new $@
$(BUILD)/shim/stub.elf: $(BUILD)/shim/arch/x86_64/stub.o
	$(LD) -static --no-undefined --build-id=none -z noexecstack -Ttext=0x40 -e stub $< -o $@ # CD_HEAD_SIZE
$(BUILD)/shim/stub.bin: $(BUILD)/shim/stub.elf $(BUILD)/shim/arch/x86_64/stub.o shim/check.sh
	objcopy -O binary -j .text $< $@.new && sh shim/check.sh 4096 $@.new $< $(BUILD)/shim/arch/x86_64/stub.o && mv $@.new $@
$(BUILD)/shim/frames.bin: $(BUILD)/shim/stub.elf
	objcopy -O binary -j .debug_frame --set-section-flags .debug_frame=alloc $< $@
$(BUILD)/ship/shim/carry.o $(BUILD)/hook/shim/carry.o: $(BUILD)/shim/stub.bin $(BUILD)/shim/image.bin $(BUILD)/shim/frames.bin
# The musl that is carried for programs that need one.
MUSL_SO ?= /usr/lib/$(subst gnu,musl,$(MULTIARCH))/libc.so
MUSL_IMAGE := $(BUILD)/ship/loader/musl.o
$(BUILD)/musl.so: $(MUSL_SO)
	@mkdir -p $(@D)
	cp $(MUSL_SO) $@
$(MUSL_IMAGE) $(BUILD)/hook/loader/musl.o: $(BUILD)/musl.so
$(BUILD)/unit-tests $(BUILD)/san-tests $(addprefix $(BUILD)/,$(FUZZERS)): $(SHIM_IMAGE) $(MUSL_IMAGE)

# --- libcordon, and the nesters that are built on it ---
LIBCORDON_PIC := $(patsubst %.c,$(BUILD)/pic/%.o,$(LIBCORDON_SRC))
$(BUILD)/pic/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(BASE) $(HARDEN) -fPIC -c $< -o $@
$(BUILD)/libcordon.a: $(LIBCORDON_PIC)
	@rm -f $@
	ar rcs $@ $^
$(BUILD)/libcordon.so.0: $(LIBCORDON_PIC)
	$(CC) -shared -Wl,-soname,libcordon.so.0 -Wl,-z,relro,-z,now,-z,noexecstack $^ -o $@
$(BUILD)/cordon.pc: libcordon/cordon.pc.in Makefile
	@mkdir -p $(@D)
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' $< >$@
libcordon: $(BUILD)/libcordon.a $(BUILD)/libcordon.so.0 $(BUILD)/cordon.pc ## build the library for nesters
nesters: libcordon $(addprefix $(BUILD)/nesters/,$(NESTERS))
.PHONY: libcordon nesters
# Static, so that they run in any space that shows them.
$(BUILD)/nesters/%: $(BUILD)/ship/nesters/%.o $(call ship_obj,nesters/options.c $(LIBCORDON_SRC) $(MUSL_SRC))
	@mkdir -p $(@D)
	$(MUSL_CC) -static -Wl,-z,relro,-z,now,-z,noexecstack $^ -o $@

# --- samples: small programs, each built as a user would ---
samples: $(addprefix $(BUILD)/samples/,$(SAMPLES))
.PHONY: samples
$(BUILD)/samples/%: samples/%.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -Wall -Wextra -Werror -O2 $< -o $@

.PHONY: lessons lesson
lessons: all ## the teaching track: each lesson's self-check passes the solution, and finds the attack in the starting point
	@sh samples/lessons/lessons.sh $(BUILD)
lesson: all ## your own work on a lesson: make lesson N=4 FILE=mine.c
	@sh samples/lessons/lessons.sh $(BUILD) $(N) $(FILE)

deps: ## install what building and testing need (Debian packages)
	@sh mk/deps.sh
demo: deps ## set up, build, and show a thief run freely and then held
	@$(MAKE) --no-print-directory all && sh samples/demo.sh $(BUILD)
check: deps ## set up, build, and run every quick test
	@$(MAKE) --no-print-directory check-all
.PHONY: check-all
check-all: all $(BUILD)/unit-tests $(BUILD)/cordon-hooked
	@bash tests/run.sh $(BUILD)
check-unit: $(BUILD)/unit-tests ## the unit tests alone
	@bash tests/run.sh $(BUILD) unit
check-scenarios: all $(BUILD)/cordon-hooked ## the scenarios and attacks alone
	@bash tests/run.sh $(BUILD) scenarios
check-slow: all deps $(BUILD)/san-tests ## unit tests under ASan and UBSan; a thousand rounds of tests/scenarios/chaos.sh
	@$(MAKE) --no-print-directory $(BUILD)/san-tests
	@bash tests/run.sh $(BUILD) san
	@mkdir -p $(BUILD)/chaos && python3 tests/scenarios/programs/chaos.py $(abspath $(BUILD)/cordon) $(abspath $(BUILD)/chaos) 1000
bench: all ## print the benchmark tables; draw them in build/bench.svg
	@bash bench/run.sh $(BUILD)
	@bash bench/network.sh $(BUILD)
	@bash bench/audit.sh $(BUILD)
	@bash bench/nest.sh $(BUILD)
	@bash bench/nester.sh $(BUILD)
C_FILES = $(wildcard $(foreach d,include/cordon lib kernel kernel/arch/x86_64 host refmon policy audit loader shim nesters libcordon cli samples samples/lessons samples/lessons/* tests/* bench,$(d)/*.c $(d)/*.h))
lint: ## static checks
	@cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr -I. -Iinclude --suppress=missingIncludeSystem \
	  $(filter-out cli/main.c,$(filter %.c,$(CORDON_SRC) $(INIT_SRC)))
	@clang-format --dry-run $(C_FILES) 2>&1 | head -20
	@[ ! -x $(BUILD)/cordon ] || sh mk/man.sh $(BUILD)/cordon --check
	@awk -f tests/attacks/list.awk tests/attacks/table | cmp -s - docs/attacks.md || { echo 'docs/attacks.md is stale: make docs/attacks.md'; exit 1; }
format: ## clang-format every source
	@clang-format -i $(C_FILES)
man: $(BUILD)/cordon ## bring the lists in the man pages up to date with the command line's tables
	@sh mk/man.sh $(BUILD)/cordon
.PHONY: man
# Where each shell looks for completions, below PREFIX.
COMPLETIONS := bash:share/bash-completion/completions/cordon zsh:share/zsh/site-functions/_cordon fish:share/fish/vendor_completions.d/cordon.fish
$(BUILD)/completions.%: $(BUILD)/cordon
	$(BUILD)/cordon completions $* >$@.new && mv $@.new $@
PUBLIC_HEADERS := nester.h ops.h ops.def
install: $(BUILD)/cordon nesters $(foreach c,$(COMPLETIONS),$(BUILD)/completions.$(firstword $(subst :, ,$(c)))) ## install under DESTDIR/PREFIX
	install -D -m 755 $(BUILD)/cordon $(DESTDIR)$(PREFIX)/bin/cordon
	for n in $(NESTERS); do install -D -m 755 $(BUILD)/nesters/$$n $(DESTDIR)$(PREFIX)/libexec/cordon/$$n; done
	install -D -m 644 $(BUILD)/libcordon.a $(DESTDIR)$(PREFIX)/lib/libcordon.a
	install -D -m 755 $(BUILD)/libcordon.so.0 $(DESTDIR)$(PREFIX)/lib/libcordon.so.0
	ln -sf libcordon.so.0 $(DESTDIR)$(PREFIX)/lib/libcordon.so
	install -D -m 644 $(BUILD)/cordon.pc $(DESTDIR)$(PREFIX)/lib/pkgconfig/cordon.pc
	for h in $(PUBLIC_HEADERS); do install -D -m 644 include/cordon/$$h $(DESTDIR)$(PREFIX)/include/cordon/$$h; done
	for c in $(COMPLETIONS); do install -D -m 644 $(BUILD)/completions.$${c%%:*} $(DESTDIR)$(PREFIX)/$${c#*:}; done
	for page in docs/man/*.[1-9]; do install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$$(basename $$page); done
uninstall: ## remove what install put there
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/libexec/cordon/,$(NESTERS)) $(addprefix $(DESTDIR)$(PREFIX)/lib/,libcordon.a libcordon.so libcordon.so.0 pkgconfig/cordon.pc) \
		$(addprefix $(DESTDIR)$(PREFIX)/include/cordon/,$(PUBLIC_HEADERS))
	rm -f $(DESTDIR)$(PREFIX)/bin/cordon $(foreach c,$(COMPLETIONS),$(DESTDIR)$(PREFIX)/$(lastword $(subst :, ,$(c))))
	for page in docs/man/*.[1-9]; do rm -f $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$$(basename $$page); done
clean: ## remove everything that was built
	rm -rf $(BUILD)
help: ## this text
	@grep -hE '^[a-z-]+:.*## ' Makefile mk/rules.mk | sed -E 's/:.*## /\t/' | sort | expand -t 18
