CORDON_SRC += policy/draft.c policy/statement.c policy/document.c policy/file.c policy/flags.c policy/settings.c \
	policy/expand.c policy/text.c policy/error.c policy/show.c $(BUILD)/groups.c
# The built-in groups, in the order in which they are listed. docs/policy.md describes each.
GROUPS_JSON := $(patsubst %,policy/groups/%.json,base tmp terminal network tls python java git secrets)
