/*
 * A JSON Schema of the language, for editors: they complete keys and names with it, and show
 * mistakes while one writes. What it says is made of the tables that the reader itself uses. It
 * knows the form of things and not their meaning: `cordon policy check` has the last word.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/draft.h"
#include "policy/edit.h"
#include "policy/statement.h"

/* What begins a path: a slash, or a variable. */
#define PATH_PATTERN "^(/|\\$\\{(HOME|CWD|TMP|PROGRAM)\\})"

static json_t *strings_of(const char *const *names)
{
	json_t *list = json_array();

	for (size_t i = 0; names[i]; i++)
		json_array_append_new(list, json_string(names[i]));
	return list;
}

static json_t *choice_of(const char *const *names, const char *text)
{
	return json_pack("{s:s, s:o}", "description", text, "enum", strings_of(names));
}

static json_t *pattern_of(enum cd_object_kind kind)
{
	static const char *const texts[] = {
	    [CD_OBJECT_NONE] = "",
	    [CD_OBJECT_PATH] = "a path: * within a component, /** at the end for all below",
	    [CD_OBJECT_ADDRESS] = "[tcp://|udp://]HOST[:PORTS], or unix:/path, unix:@name",
	    [CD_OBJECT_NAME] = "a word, with *",
	};
	json_t *pattern = json_pack("{s:s, s:s, s:i}", "type", "string", "description", texts[kind],
				    "minLength", 1);

	if (kind == CD_OBJECT_PATH)
		json_object_set_new(pattern, "pattern", json_string(PATH_PATTERN));
	if (kind == CD_OBJECT_NAME)
		json_object_set_new(pattern, "pattern", json_string("^[A-Za-z0-9._@+*-]+$"));
	return pattern;
}

static json_t *list_of(json_t *items, const char *text)
{
	json_t *list = json_pack("{s:s, s:o}", "type", "array", "items", items);

	if (text)
		json_object_set_new(list, "description", json_string(text));
	return list;
}

/* An object with these members and no others. */
static json_t *object_of(json_t *properties, const char *text)
{
	json_t *object = json_pack("{s:s, s:o, s:b}", "type", "object", "properties", properties,
				   "additionalProperties", 0);

	if (text)
		json_object_set_new(object, "description", json_string(text));
	return object;
}

/* "fs.read" and so on; "fs.*" for each protocol; "*". */
static json_t *rules_of(const char *text)
{
	json_t *operations = json_object();

	json_object_set_new(
	    operations, "*",
	    list_of(json_pack("{s:s, s:i}", "type", "string", "minLength", 1), "every operation"));
	for (unsigned op = 0; op < CD_OP_COUNT; op++) {
		const struct cd_op_info *info = &cd_op_table[op];
		char all[32];

		snprintf(all, sizeof(all), "%s.*", info->protocol);
		if (!json_object_get(operations, all))
			json_object_set_new(operations, all,
					    list_of(pattern_of(info->kind), "all that begin so"));
		json_object_set_new(operations, info->name,
				    list_of(pattern_of(info->kind), info->text));
	}
	return object_of(operations, text);
}

/* Objects and not patterns, each of one operation. */
static json_t *answers(void)
{
	json_t *operations = json_object();

	for (unsigned op = 0; op < CD_OP_COUNT; op++)
		json_object_set_new(operations, cd_op_table[op].name,
				    list_of(pattern_of(cd_op_table[op].kind), NULL));
	return object_of(operations, "what the user was asked about, and has allowed for good");
}

static json_t *view(void)
{
	json_t *of_own = object_of(json_pack("{s:{s:b}}", "private", "const", 1),
				   "an empty directory of the space's own");
	json_t *from = object_of(
	    json_pack("{s:{s:s, s:s}, s:{s:[sss]}}", "from", "type", "string", "pattern",
		      PATH_PATTERN, "mode", "enum", "ro", "rw", "cow"),
	    "what is there outside, read-only, writable, or with changes that stay inside");

	json_object_set_new(of_own, "required", json_pack("[s]", "private"));
	json_object_set_new(from, "required", json_pack("[s]", "from"));
	return json_pack("{s:s, s:s, s:{s:s}, s:{s:[oo]}}", "type", "object", "description",
			 "what is at a path of the space", "propertyNames", "pattern", PATH_PATTERN,
			 "additionalProperties", "anyOf", of_own, from);
}

static json_t *names_of(const char *text)
{
	return list_of(json_pack("{s:s, s:s}", "type", "string", "pattern", "^[^=*]*\\*?$"), text);
}

static json_t *environment(void)
{
	json_t *set = json_pack("{s:s, s:s, s:{s:s}, s:{s:s}}", "type", "object", "description",
				"variables and their values", "propertyNames", "pattern",
				"^[^=*]+$", "additionalProperties", "type", "string");

	return object_of(json_pack("{s:o, s:o, s:o}", "pass",
				   names_of("passed on; a last * for all that begin so"), "set",
				   set, "deny", names_of("not passed on, whatever pass says")),
			 "the environment, which is otherwise empty");
}

static json_t *limits(void)
{
	json_t *all = json_object();

	for (int i = 0; i < POL_LIMIT_COUNT; i++) {
		json_t *limit = json_pack("{s:s, s:i}", "type", "integer", "minimum", 1);

		if (pol_limit_table[i].is_size)
			limit = json_pack("{s:[o, {s:s, s:s}]}", "anyOf", limit, "type", "string",
					  "pattern", "^0*[1-9][0-9]*[KMGT]?$");
		json_object_set_new(all, pol_limit_table[i].name, limit);
	}
	return object_of(all, "what the space may use up");
}

/* One test, for operations on one kind of object. */
static json_t *test_of(enum cd_object_kind kind)
{
	json_t *ops = json_array(), *test;
	const char *key = NULL;

	for (unsigned op = 0; op < CD_OP_COUNT; op++) {
		if (cd_op_table[op].kind != kind)
			continue;
		json_array_append_new(ops, json_string(cd_op_name((enum cd_op)op)));
		key = pol_object_key((enum cd_op)op);
	}
	test = object_of(json_pack("{s:{s:o}, s:{s:s, s:i}, s:o}", "op", "enum", ops, key, "type",
				   "string", "minLength", 1, "expect",
				   choice_of(pol_verdict_names, "the verdict")),
			 NULL);
	json_object_set_new(test, "required", json_pack("[sss]", "op", key, "expect"));
	return test;
}

static json_t *tests(void)
{
	return list_of(json_pack("{s:[ooo]}", "anyOf", test_of(CD_OBJECT_PATH),
				 test_of(CD_OBJECT_ADDRESS), test_of(CD_OBJECT_NAME)),
		       "questions, with the answers expected");
}

static json_t *extended(void)
{
	json_t *groups = json_array();

	for (size_t i = 0; pol_groups[i].name; i++)
		json_array_append_new(groups, json_string(pol_groups[i].name));
	return list_of(json_pack("{s:[{s:s, s:o}, {s:s, s:s, s:i}]}", "anyOf", "description",
				 "a built-in group", "enum", groups, "description", "a file",
				 "type", "string", "minLength", 1),
		       "taken over: built-in groups, and files relative to this one");
}

char *pol_schema(void)
{
	json_t *properties = json_pack(
	    "{s:{s:i}, s:{s:s, s:i, s:i}, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
	    "version", "const", 1, "name", "type", "string", "minLength", 1, "maxLength",
	    CD_NAME_MAX, "extends", extended(), "allow", rules_of("what is allowed"), "ask",
	    rules_of("what the user is asked about; wins over allow"), "deny",
	    rules_of("what is denied; wins over all"), "view", view(), "env", environment(),
	    "limits", limits(), "audit", choice_of(pol_audit_names, "what is recorded"), "on_deny",
	    choice_of(pol_on_deny_names, "what a denied program gets"), "always", answers(),
	    "tests", tests());
	json_t *root = properties ? object_of(properties, NULL) : NULL;
	char *text = NULL;

	if (root &&
	    !json_object_set_new(root, "$schema",
				 json_string("https://json-schema.org/draft/2020-12/schema")) &&
	    !json_object_set_new(root, "title", json_string("cordon policy, version 1")) &&
	    !json_object_set_new(root, "required", json_pack("[s]", "version")))
		text = json_dumps(root, JSON_INDENT(2) | JSON_SORT_KEYS);
	json_decref(root);
	return text;
}
