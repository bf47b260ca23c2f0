CORDON_SRC += policy/draft.c policy/statement.c policy/document.c policy/file.c policy/flags.c policy/settings.c \
	policy/expand.c policy/text.c policy/error.c policy/show.c policy/place.c policy/compare.c policy/lint.c policy/format.c policy/schema.c \
	policy/amend.c policy/learn.c policy/learn_paths.c $(BUILD)/groups.c $(BUILD)/templates.c
# The built-in groups, in the order in which they are listed. docs/policy.md describes each.
GROUPS_JSON := $(patsubst %,policy/groups/%.json,base tmp terminal network tls python java git secrets)
# What `cordon policy init` writes, in the order in which they are listed.
TEMPLATES_JSON := $(patsubst %,policy/templates/%.json,untrusted ask tool build client server)
