/*
 * Policy documents: JSON text into a draft.
 *
 * A document is read by tables of keys and handlers. The reader keeps the steps that lead to the
 * value at hand, from which the JSON pointer and the line of an error are made. What a document
 * extends is read before its own keys, so that it wins.
 */
#include <jansson.h>
#include <string.h>

#include "policy/draft.h"

#define STEPS_MAX 6 /* the language is no deeper than /view/PATH/mode */

struct reader {
	struct pol_draft *draft;
	const struct pol_link *link;
	const char *text;
	size_t len;
	const char *source; /* link->name made visible, in the arena */
	struct pol_error *error;
	struct pol_step steps[STEPS_MAX];
	size_t step_count;
};

struct key {
	const char *name;
	enum cd_status (*read)(struct reader *reader, const json_t *value);
};

/* --- where the reader is --- */

static void step_key(struct reader *reader, const char *key)
{
	reader->steps[reader->step_count++] = (struct pol_step){.key = key};
}

static void step_index(struct reader *reader, size_t index)
{
	reader->steps[reader->step_count++] = (struct pol_step){.index = index};
}

static void step_back(struct reader *reader)
{
	reader->step_count--;
}

/*
 * Every failure of a document passes here once, while the steps still lead to its place. An error
 * that came from a file that this one extends has its place already.
 */
static enum cd_status locate(struct reader *reader, enum cd_status status)
{
	struct pol_error *error = reader->error;
	struct cd_buf pointer;

	if (!status || error->file[0])
		return status;
	pol_copy(error->file, sizeof(error->file), reader->source);
	error->line = pol_line_of(reader->text, reader->len, reader->steps, reader->step_count);
	cd_buf_init(&pointer, error->pointer, sizeof(error->pointer));
	pol_pointer_text(reader->steps, reader->step_count, &pointer);
	return status;
}

static enum cd_status current_origin(struct reader *reader, struct pol_origin *origin)
{
	char text[CD_PATH_MAX];
	struct cd_buf pointer;

	cd_buf_init(&pointer, text, sizeof(text));
	pol_pointer_text(reader->steps, reader->step_count, &pointer);
	origin->source = reader->source;
	origin->rank = POL_RANK_FILE;
	origin->pointer = pol_keep(&reader->draft->arena, text, pointer.len);
	return origin->pointer ? CD_OK : pol_fail_memory(reader->error);
}

/* --- types --- */

static enum cd_status expect_type(struct reader *reader, const json_t *value, json_type type)
{
	static const char *const names[] = {
	    [JSON_OBJECT] = "an object {...}",
	    [JSON_ARRAY] = "a list [...]",
	    [JSON_STRING] = "a string",
	    [JSON_INTEGER] = "a whole number",
	    [JSON_REAL] = "a fraction",
	    [JSON_TRUE] = "true",
	    [JSON_FALSE] = "false",
	    [JSON_NULL] = "null",
	};
	char remedy[64];
	struct cd_buf buf;

	if (json_typeof(value) == type)
		return CD_OK;
	cd_buf_init(&buf, remedy, sizeof(remedy));
	cd_buf_fmt(&buf, "write %s", names[type]);
	return pol_failf(reader->error, remedy, "this is %s, not %s", names[json_typeof(value)],
			 names[type]);
}

static const char *table_key(const void *context, size_t i)
{
	const struct key *keys = context;

	return keys[i].name;
}

static enum cd_status read_member(struct reader *reader, const struct key *keys, const char *name,
				  const json_t *value)
{
	const char *near;
	char remedy[96];
	struct cd_buf buf;

	for (size_t i = 0; keys[i].name; i++) {
		if (strcmp(keys[i].name, name) == 0)
			return keys[i].read ? keys[i].read(reader, value) : CD_OK;
	}
	near = pol_nearest(name, table_key, keys);
	cd_buf_init(&buf, remedy, sizeof(remedy));
	if (near)
		cd_buf_fmt(&buf, "did you mean \"%s\"?", near);
	else
		cd_buf_str(&buf, "remove it; docs/policy.md lists the keys there are");
	return pol_failf(reader->error, remedy, "unknown key \"%.100s\"", name);
}

/* Every member of an object by a table of keys; a handler of NULL means: read elsewhere. */
static enum cd_status read_object(struct reader *reader, const json_t *object,
				  const struct key *keys)
{
	enum cd_status status = expect_type(reader, object, JSON_OBJECT);
	const char *name;
	json_t *value;

	if (status)
		return locate(reader, status);
	json_object_foreach((json_t *)object, name, value)
	{
		step_key(reader, name);
		status = locate(reader, read_member(reader, keys, name, value));
		step_back(reader);
		if (status)
			return status;
	}
	return CD_OK;
}

/* Every string of a list. */
static enum cd_status read_list(struct reader *reader, const json_t *list,
				enum cd_status (*read)(struct reader *reader, const char *text,
						       void *context),
				void *context)
{
	enum cd_status status = expect_type(reader, list, JSON_ARRAY);
	json_t *item;
	size_t i;

	if (status)
		return status;
	json_array_foreach(list, i, item)
	{
		step_index(reader, i);
		status = expect_type(reader, item, JSON_STRING);
		if (!status)
			status = read(reader, json_string_value(item), context);
		locate(reader, status);
		step_back(reader);
		if (status)
			return status;
	}
	return CD_OK;
}

/* --- rules --- */

struct rule_context {
	enum mon_verdict verdict;
	uint64_t ops;
};

static enum cd_status read_pattern(struct reader *reader, const char *text, void *context)
{
	const struct rule_context *rule = context;
	struct pol_origin origin;
	enum cd_status status;
	char *pattern;

	status = pol_expand(reader->draft, text, &pattern, reader->error);
	if (!status)
		status = current_origin(reader, &origin);
	if (status)
		return status;
	return pol_add_rule(reader->draft, rule->verdict, rule->ops, pattern, &origin,
			    reader->error);
}

static enum cd_status read_rules(struct reader *reader, const json_t *object,
				 enum mon_verdict verdict)
{
	struct rule_context context = {.verdict = verdict};
	enum cd_status status = expect_type(reader, object, JSON_OBJECT);
	const char *name;
	json_t *list;

	if (status)
		return status;
	json_object_foreach((json_t *)object, name, list)
	{
		step_key(reader, name);
		status = pol_find_ops(name, &context.ops, reader->error);
		if (!status)
			status = read_list(reader, list, read_pattern, &context);
		locate(reader, status);
		step_back(reader);
		if (status)
			return status;
	}
	return CD_OK;
}

static enum cd_status read_allow(struct reader *reader, const json_t *value)
{
	return read_rules(reader, value, MON_ALLOW);
}

static enum cd_status read_ask(struct reader *reader, const json_t *value)
{
	return read_rules(reader, value, MON_ASK);
}

static enum cd_status read_deny(struct reader *reader, const json_t *value)
{
	return read_rules(reader, value, MON_DENY);
}

/* --- views --- */

static enum cd_status check_private(struct reader *reader, const json_t *value)
{
	if (json_is_true(value))
		return CD_OK;
	return pol_fail(reader->error, "\"private\" can only be true",
			"write true, or leave the key out");
}

static enum cd_status check_string(struct reader *reader, const json_t *value)
{
	return expect_type(reader, value, JSON_STRING);
}

static enum cd_status read_view_mode(struct reader *reader, const json_t *object,
				     struct pol_view *view)
{
	static const char *const modes[] = {"ro", "rw", "cow", NULL};
	const char *mode = json_string_value(json_object_get(object, "mode"));
	unsigned choice;
	enum cd_status status;

	if (!mode)
		return CD_OK; /* read-only */
	step_key(reader, "mode");
	status = locate(reader, pol_choose(modes, mode, "mode", &choice, reader->error));
	step_back(reader);
	if (status)
		return status;
	view->kind = choice == 2 ? POL_VIEW_COW : POL_VIEW_BIND;
	view->writable = choice == 1;
	return CD_OK;
}

static enum cd_status read_view_entry(struct reader *reader, const char *dest, const json_t *object)
{
	static const struct key keys[] = {{"private", check_private},
					  {"from", check_string},
					  {"mode", check_string},
					  {NULL, NULL}};
	const char *from = json_string_value(json_object_get(object, "from"));
	bool is_private = json_object_get(object, "private") != NULL;
	struct pol_view view = {.kind = is_private ? POL_VIEW_PRIVATE : POL_VIEW_BIND};
	enum cd_status status = read_object(reader, object, keys);
	struct pol_origin origin;
	char *expanded;

	if (status)
		return status;
	if (is_private == (from != NULL) || (is_private && json_object_size(object) > 1))
		return pol_fail(reader->error, "a view is either private or from somewhere",
				"write {\"private\": true} or {\"from\": PATH, \"mode\": \"ro\"}");
	status = read_view_mode(reader, object, &view);
	if (!status)
		status = pol_expand(reader->draft, dest, &expanded, reader->error);
	if (status)
		return status;
	view.dest = expanded;
	if (from) {
		status = pol_expand(reader->draft, from, &expanded, reader->error);
		view.from = expanded;
	}
	if (!status)
		status = current_origin(reader, &origin);
	if (status)
		return status;
	view.source = origin.source;
	view.pointer = origin.pointer;
	return pol_add_view(reader->draft, view, POL_RANK_FILE, reader->error);
}

static enum cd_status read_view(struct reader *reader, const json_t *object)
{
	enum cd_status status = expect_type(reader, object, JSON_OBJECT);
	const char *dest;
	json_t *entry;

	if (status)
		return status;
	json_object_foreach((json_t *)object, dest, entry)
	{
		step_key(reader, dest);
		status = locate(reader, read_view_entry(reader, dest, entry));
		step_back(reader);
		if (status)
			return status;
	}
	return CD_OK;
}

/* --- environment --- */

static enum cd_status add_passed(struct reader *reader, const char *name, void *context)
{
	(void)context;
	return pol_add_env(reader->draft, POL_ENV_PASS, name, "", POL_RANK_FILE, reader->error);
}

static enum cd_status add_denied(struct reader *reader, const char *name, void *context)
{
	(void)context;
	return pol_add_env_deny(reader->draft, name, reader->error);
}

static enum cd_status read_env_pass(struct reader *reader, const json_t *value)
{
	return read_list(reader, value, add_passed, NULL);
}

static enum cd_status read_env_deny(struct reader *reader, const json_t *value)
{
	return read_list(reader, value, add_denied, NULL);
}

static enum cd_status read_env_value(struct reader *reader, const char *name, const json_t *value)
{
	enum cd_status status = expect_type(reader, value, JSON_STRING);
	char *expanded;

	if (!status)
		status =
		    pol_expand(reader->draft, json_string_value(value), &expanded, reader->error);
	if (status)
		return status;
	return pol_add_env(reader->draft, POL_ENV_SET, name, expanded, POL_RANK_FILE,
			   reader->error);
}

static enum cd_status read_env_set(struct reader *reader, const json_t *object)
{
	enum cd_status status = expect_type(reader, object, JSON_OBJECT);
	const char *name;
	json_t *value;

	if (status)
		return status;
	json_object_foreach((json_t *)object, name, value)
	{
		step_key(reader, name);
		status = locate(reader, read_env_value(reader, name, value));
		step_back(reader);
		if (status)
			return status;
	}
	return CD_OK;
}

static enum cd_status read_env(struct reader *reader, const json_t *object)
{
	static const struct key keys[] = {
	    {"pass", read_env_pass}, {"set", read_env_set}, {"deny", read_env_deny}, {NULL, NULL}};

	return read_object(reader, object, keys);
}

/* --- limits, audit, on_deny --- */

static enum cd_status read_limit(struct reader *reader, const char *name, const json_t *value)
{
	enum pol_limit limit;
	enum cd_status status = pol_find_limit(name, &limit, reader->error);
	uint64_t number = 0;

	if (status)
		return status;
	if (pol_limit_table[limit].is_size && json_is_string(value)) {
		status = pol_parse_size(json_string_value(value), &number, reader->error);
	} else {
		status = expect_type(reader, value, JSON_INTEGER);
		if (!status && json_integer_value(value) < 0)
			status = pol_fail(reader->error, "a limit cannot be negative",
					  "leave it out for no limit");
		number = (uint64_t)json_integer_value(value);
	}
	if (status)
		return status;
	return pol_set_limit(reader->draft, limit, number, POL_RANK_FILE, reader->error);
}

static enum cd_status read_limits(struct reader *reader, const json_t *object)
{
	enum cd_status status = expect_type(reader, object, JSON_OBJECT);
	const char *name;
	json_t *value;

	if (status)
		return status;
	json_object_foreach((json_t *)object, name, value)
	{
		step_key(reader, name);
		status = locate(reader, read_limit(reader, name, value));
		step_back(reader);
		if (status)
			return status;
	}
	return CD_OK;
}

static enum cd_status read_choice(struct reader *reader, const json_t *value,
				  const char *const *names, const char *what, unsigned *choice)
{
	enum cd_status status = expect_type(reader, value, JSON_STRING);

	return status ? status
		      : pol_choose(names, json_string_value(value), what, choice, reader->error);
}

static enum cd_status read_audit(struct reader *reader, const json_t *value)
{
	struct pol_draft *draft = reader->draft;
	unsigned choice;
	enum cd_status status =
	    read_choice(reader, value, pol_audit_names, "kind of audit", &choice);

	if (!status && draft->audit_rank <= POL_RANK_FILE) {
		draft->audit_rank = POL_RANK_FILE;
		draft->audit = choice;
	}
	return status;
}

static enum cd_status read_on_deny(struct reader *reader, const json_t *value)
{
	struct pol_draft *draft = reader->draft;
	unsigned choice;
	enum cd_status status = read_choice(reader, value, pol_on_deny_names, "answer", &choice);

	if (!status && draft->on_deny_rank <= POL_RANK_FILE) {
		draft->on_deny_rank = POL_RANK_FILE;
		draft->on_deny = choice;
	}
	return status;
}

/* --- tests --- */

/* The key that holds the object of an operation. */
static const char *object_key(enum cd_op op)
{
	static const char *const keys[] = {[CD_OBJECT_NONE] = "name",
					   [CD_OBJECT_PATH] = "path",
					   [CD_OBJECT_ADDRESS] = "address",
					   [CD_OBJECT_NAME] = "name"};

	return keys[cd_op_table[op].kind];
}

static enum cd_status find_one_op(struct reader *reader, const char *word, enum cd_op *op)
{
	uint64_t ops;
	enum cd_status status = pol_find_ops(word, &ops, reader->error);

	if (status)
		return status;
	if (ops & (ops - 1))
		return pol_fail(reader->error, "a test asks about one operation",
				"name one, as in \"fs.read\"");
	*op = (enum cd_op)__builtin_ctzll(ops);
	return CD_OK;
}

static enum cd_status read_test_op(struct reader *reader, const json_t *object, enum cd_op *op)
{
	const char *word = json_string_value(json_object_get(object, "op"));
	enum cd_status status;

	if (!word)
		return pol_fail(reader->error, "the test has no \"op\"",
				"name an operation: \"op\": \"fs.read\"");
	step_key(reader, "op");
	status = locate(reader, find_one_op(reader, word, op));
	step_back(reader);
	return status;
}

static enum cd_status read_test_expect(struct reader *reader, const json_t *object,
				       enum mon_verdict *expect)
{
	const char *word = json_string_value(json_object_get(object, "expect"));
	enum cd_status status;
	unsigned choice = 0;

	if (!word)
		return pol_fail(reader->error, "the test has no \"expect\"",
				"write \"allow\", \"ask\" or \"deny\"");
	step_key(reader, "expect");
	status =
	    locate(reader, pol_choose(pol_verdict_names, word, "verdict", &choice, reader->error));
	step_back(reader);
	*expect = choice;
	return status;
}

static enum cd_status read_test_object(struct reader *reader, const json_t *object, enum cd_op op,
				       const char **out)
{
	const char *key = object_key(op);
	const char *text = json_string_value(json_object_get(object, key));
	struct mon_object parsed;
	enum cd_status status;
	char *expanded;

	if (!text || json_object_size(object) != 3)
		return pol_failf(reader->error,
				 "give this key, \"op\" and \"expect\", and no other",
				 "a test of %s takes \"%s\"", cd_op_name(op), key);
	step_key(reader, key);
	status = pol_expand(reader->draft, text, &expanded, reader->error);
	if (!status && mon_object_parse(op, expanded, &parsed))
		status = pol_failf(reader->error, "name one object, without wildcards and in full",
				   "\"%.100s\" is not the %s of one object", text, key);
	locate(reader, status);
	step_back(reader);
	*out = expanded;
	return status;
}

static enum cd_status read_test(struct reader *reader, const json_t *object)
{
	static const struct key keys[] = {{"op", check_string},	     {"path", check_string},
					  {"address", check_string}, {"name", check_string},
					  {"expect", check_string},  {NULL, NULL}};
	enum cd_status status = read_object(reader, object, keys);
	struct pol_test test = {0};
	struct pol_origin origin;

	if (!status)
		status = read_test_op(reader, object, &test.op);
	if (!status)
		status = read_test_expect(reader, object, &test.expect);
	if (!status)
		status = read_test_object(reader, object, test.op, &test.object);
	if (!status)
		status = current_origin(reader, &origin);
	if (status)
		return status;
	test.source = origin.source;
	test.pointer = origin.pointer;
	return pol_add_test(reader->draft, &test, reader->error);
}

static enum cd_status read_tests(struct reader *reader, const json_t *list)
{
	enum cd_status status = expect_type(reader, list, JSON_ARRAY);
	json_t *item;
	size_t i;

	if (status)
		return status;
	json_array_foreach(list, i, item)
	{
		step_index(reader, i);
		status = locate(reader, read_test(reader, item));
		step_back(reader);
		if (status)
			return status;
	}
	return CD_OK;
}

/* --- extends --- */

static enum cd_status read_extended(struct reader *reader, const char *name, void *context)
{
	(void)context;
	return pol_add_extended(reader->draft, name, reader->link, reader->error);
}

static enum cd_status read_extends(struct reader *reader, const json_t *value)
{
	return read_list(reader, value, read_extended, NULL);
}

/* --- the document --- */

static enum cd_status check_version(struct reader *reader, const json_t *value)
{
	enum cd_status status = expect_type(reader, value, JSON_INTEGER);

	if (!status && json_integer_value(value) != 1)
		status =
		    pol_fail(reader->error, "this version of the language is not known", "write 1");
	return status;
}

static enum cd_status read_name(struct reader *reader, const json_t *value)
{
	enum cd_status status = expect_type(reader, value, JSON_STRING);
	const char *name = json_string_value(value);

	if (status)
		return status;
	if (!name[0] || strlen(name) > CD_NAME_MAX)
		return pol_fail(reader->error, "a name has 1 to 255 bytes", "choose another");
	reader->draft->name = pol_keep(&reader->draft->arena, name, strlen(name));
	return reader->draft->name ? CD_OK : pol_fail_memory(reader->error);
}

/* "version" and "extends" have been read before the others. */
static const struct key document_keys[] = {
    {"version", NULL},	   {"extends", NULL},	      {"name", read_name},
    {"allow", read_allow}, {"ask", read_ask},	      {"deny", read_deny},
    {"view", read_view},   {"env", read_env},	      {"limits", read_limits},
    {"audit", read_audit}, {"on_deny", read_on_deny}, {"tests", read_tests},
    {NULL, NULL}};

static enum cd_status read_first(struct reader *reader, const json_t *root, const char *key,
				 enum cd_status (*read)(struct reader *reader, const json_t *value))
{
	const json_t *value = json_object_get(root, key);
	enum cd_status status;

	if (!value)
		return CD_OK;
	step_key(reader, key);
	status = locate(reader, read(reader, value));
	step_back(reader);
	return status;
}

static enum cd_status read_document(struct reader *reader, const json_t *root)
{
	enum cd_status status = expect_type(reader, root, JSON_OBJECT);

	if (!status && !json_object_get(root, "version"))
		status = pol_fail(reader->error, "there is no \"version\"", "add \"version\": 1");
	if (!status)
		status = read_first(reader, root, "version", check_version);
	if (!status)
		status = read_first(reader, root, "extends", read_extends);
	if (!status)
		status = read_object(reader, root, document_keys);
	return locate(reader, status);
}

static const char *syntax_remedy(enum json_error_code code)
{
	static const char *const remedies[] = {
	    [json_error_out_of_memory] = "",
	    [json_error_stack_overflow] = "a policy is no more than a few levels deep",
	    [json_error_invalid_utf8] = "save the file as UTF-8",
	    [json_error_premature_end_of_input] = "close every brace, bracket and quote",
	    [json_error_end_of_input_expected] = "a policy is one object: remove what follows it",
	    [json_error_duplicate_key] = "give each key once, and put both contents under it",
	    [json_error_numeric_overflow] = "use a smaller number",
	    [json_error_null_character] = "remove the NUL",
	    [json_error_null_byte_in_key] = "remove the NUL",
	};
	const char *remedy = NULL;

	if ((size_t)code < sizeof(remedies) / sizeof(remedies[0]))
		remedy = remedies[code];
	return remedy ? remedy : "a policy is JSON: check quotes, commas and braces";
}

enum cd_status pol_read_document(struct pol_draft *draft, const struct pol_link *link,
				 const char *text, size_t len, struct pol_error *error)
{
	struct reader reader = {
	    .draft = draft, .link = link, .text = text, .len = len, .error = error};
	char shown[4 * CD_PATH_MAX];
	struct cd_buf source;
	json_error_t syntax;
	json_t *root;
	enum cd_status status;

	/* File names may hold any byte; what is kept of them can be shown and printed as JSON. */
	cd_buf_init(&source, shown, sizeof(shown));
	cd_buf_visible(&source, link->name, strlen(link->name));
	reader.source = pol_keep(&draft->arena, shown, source.len);
	if (!reader.source)
		return pol_fail_memory(error);
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &syntax);
	if (!root && !syntax.text[0])
		return pol_fail_memory(error);
	if (!root) {
		pol_copy(error->file, sizeof(error->file), link->name);
		error->line = syntax.line > 0 ? (unsigned)syntax.line : 1;
		return pol_fail(error, syntax.text, syntax_remedy(json_error_code(&syntax)));
	}
	status = read_document(&reader, root);
	json_decref(root);
	return status;
}
