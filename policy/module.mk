CORDON_SRC += policy/draft.c policy/document.c policy/file.c policy/flags.c policy/settings.c policy/expand.c policy/text.c \
	policy/error.c policy/show.c policy/groups.c
# The groups are taken in by the assembler, which tells make nothing.
$(foreach way,ship unit san hook fuzz,$(BUILD)/$(way)/policy/groups.o): $(wildcard policy/groups/*.json)
