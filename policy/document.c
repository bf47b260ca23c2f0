/*
 * Policy documents: JSON text into statements.
 *
 * A document is read by tables of keys and handlers. The reader keeps the steps that lead to the
 * value at hand, from which the JSON pointer and the line of an error are made. What a document
 * extends is read before its own keys, so that it wins.
 */
#include "policy/statement.h"

#include <jansson.h>
#include <string.h>

#include "policy/draft.h"

#define STEPS_MAX 6 /* the language is no deeper than /view/PATH/mode */

struct reader {
	const struct pol_taker *taker;
	const char *source, *text;
	size_t len;
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

static enum cd_status say(struct reader *reader, const struct pol_statement *statement)
{
	return reader->taker->take(reader->taker->context, statement, reader->error);
}

/* The same for what is said where the reader is. */
static enum cd_status say_here(struct reader *reader, struct pol_statement statement)
{
	char text[CD_PATH_MAX];
	struct cd_buf pointer;

	cd_buf_init(&pointer, text, sizeof(text));
	pol_pointer_text(reader->steps, reader->step_count, &pointer);
	statement.pointer = text;
	return say(reader, &statement);
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

static enum cd_status read_member(struct reader *reader, const void *context, const char *name,
				  const json_t *value)
{
	const struct key *keys = context;
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

/* Each member of an object, by one function. */
static enum cd_status each_member(struct reader *reader, const json_t *object,
				  enum cd_status (*read)(struct reader *reader, const void *context,
							 const char *name, const json_t *value),
				  const void *context)
{
	enum cd_status status = expect_type(reader, object, JSON_OBJECT);
	const char *name;
	json_t *value;

	if (status)
		return locate(reader, status);
	json_object_foreach((json_t *)object, name, value)
	{
		step_key(reader, name);
		status = locate(reader, read(reader, context, name, value));
		step_back(reader);
		if (status)
			return status;
	}
	return CD_OK;
}

/* By a table of keys; a handler of NULL means: read elsewhere. */
static enum cd_status read_object(struct reader *reader, const json_t *object,
				  const struct key *keys)
{
	return each_member(reader, object, read_member, keys);
}

/* Every string of a list, each said in the same way. */
static enum cd_status read_list(struct reader *reader, const json_t *list,
				struct pol_statement statement)
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
		statement.text = json_string_value(item);
		if (!status &&
		    (statement.says == POL_SAYS_RULE || statement.says == POL_SAYS_ALWAYS))
			status = say_here(reader, statement);
		else if (!status)
			status = say(reader, &statement);
		locate(reader, status);
		step_back(reader);
		if (status)
			return status;
	}
	return CD_OK;
}

/* --- rules --- */

/* context: what each of the list says, but for the operations. */
static enum cd_status read_operation(struct reader *reader, const void *context, const char *name,
				     const json_t *list)
{
	struct pol_statement rule = *(const struct pol_statement *)context;
	enum cd_status status = pol_find_ops(name, &rule.number, reader->error);

	return status ? status : read_list(reader, list, rule);
}

static enum cd_status read_by_operation(struct reader *reader, const json_t *object,
					struct pol_statement rule)
{
	return each_member(reader, object, read_operation, &rule);
}

static enum cd_status read_rules(struct reader *reader, const json_t *object,
				 enum mon_verdict verdict)
{
	return read_by_operation(reader, object,
				 (struct pol_statement){.says = POL_SAYS_RULE, .choice = verdict});
}

static enum cd_status read_always(struct reader *reader, const json_t *object)
{
	return read_by_operation(reader, object, (struct pol_statement){.says = POL_SAYS_ALWAYS});
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

static enum cd_status read_view_mode(struct reader *reader, const json_t *object, unsigned *mode)
{
	static const char *const modes[] = {
	    [POL_MODE_RO] = "ro", [POL_MODE_RW] = "rw", [POL_MODE_COW] = "cow", NULL};
	const char *word = json_string_value(json_object_get(object, "mode"));
	enum cd_status status;

	if (!word)
		return CD_OK; /* read-only */
	step_key(reader, "mode");
	status = locate(reader, pol_choose(modes, word, "mode", mode, reader->error));
	step_back(reader);
	return status;
}

static enum cd_status read_view_entry(struct reader *reader, const void *context, const char *dest,
				      const json_t *object)
{
	static const struct key keys[] = {{"private", check_private},
					  {"from", check_string},
					  {"mode", check_string},
					  {NULL, NULL}};
	const char *from = json_string_value(json_object_get(object, "from"));
	bool is_private = json_object_get(object, "private") != NULL;
	struct pol_statement view = {.says = POL_SAYS_VIEW,
				     .choice = is_private ? POL_MODE_PRIVATE : POL_MODE_RO,
				     .text = dest,
				     .value = from};
	enum cd_status status = read_object(reader, object, keys);

	(void)context;
	if (status)
		return status;
	if (is_private == (from != NULL) || (is_private && json_object_size(object) > 1))
		return pol_fail(reader->error, "a view is either private or from somewhere",
				"write {\"private\": true} or {\"from\": PATH, \"mode\": \"ro\"}");
	status = read_view_mode(reader, object, &view.choice);
	return status ? status : say_here(reader, view);
}

static enum cd_status read_view(struct reader *reader, const json_t *object)
{
	return each_member(reader, object, read_view_entry, NULL);
}

/* --- environment --- */

static enum cd_status read_env_pass(struct reader *reader, const json_t *value)
{
	return read_list(reader, value, (struct pol_statement){.says = POL_SAYS_ENV_PASS});
}

static enum cd_status read_env_deny(struct reader *reader, const json_t *value)
{
	return read_list(reader, value, (struct pol_statement){.says = POL_SAYS_ENV_DENY});
}

static enum cd_status read_env_value(struct reader *reader, const void *context, const char *name,
				     const json_t *value)
{
	const struct pol_statement set = {
	    .says = POL_SAYS_ENV_SET, .text = name, .value = json_string_value(value)};
	enum cd_status status = expect_type(reader, value, JSON_STRING);

	(void)context;
	return status ? status : say(reader, &set);
}

static enum cd_status read_env_set(struct reader *reader, const json_t *object)
{
	return each_member(reader, object, read_env_value, NULL);
}

static enum cd_status read_env(struct reader *reader, const json_t *object)
{
	static const struct key keys[] = {
	    {"pass", read_env_pass}, {"set", read_env_set}, {"deny", read_env_deny}, {NULL, NULL}};

	return read_object(reader, object, keys);
}

/* --- limits, audit, on_deny --- */

static enum cd_status read_limit(struct reader *reader, const void *context, const char *name,
				 const json_t *value)
{
	enum pol_limit limit;
	enum cd_status status = pol_find_limit(name, &limit, reader->error);
	uint64_t number = 0;

	(void)context;
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
	return say(reader, &(struct pol_statement){
			       .says = POL_SAYS_LIMIT, .choice = limit, .number = number});
}

static enum cd_status read_limits(struct reader *reader, const json_t *object)
{
	return each_member(reader, object, read_limit, NULL);
}

static enum cd_status read_choice(struct reader *reader, const json_t *value,
				  const char *const *names, const char *what, enum pol_says says)
{
	struct pol_statement choice = {.says = says};
	enum cd_status status = expect_type(reader, value, JSON_STRING);

	if (!status)
		status = pol_choose(names, json_string_value(value), what, &choice.choice,
				    reader->error);
	return status ? status : say(reader, &choice);
}

static enum cd_status read_audit(struct reader *reader, const json_t *value)
{
	return read_choice(reader, value, pol_audit_names, "kind of audit", POL_SAYS_AUDIT);
}

static enum cd_status read_on_deny(struct reader *reader, const json_t *value)
{
	return read_choice(reader, value, pol_on_deny_names, "answer", POL_SAYS_ON_DENY);
}

/* --- tests --- */

static enum cd_status find_one_op(struct reader *reader, const char *word, uint64_t *op)
{
	enum cd_status status = pol_find_ops(word, op, reader->error);

	if (status)
		return status;
	if (*op & (*op - 1))
		return pol_fail(reader->error, "a test asks about one operation",
				"name one, as in \"fs.read\"");
	return CD_OK;
}

static enum cd_status read_test_op(struct reader *reader, const json_t *object, uint64_t *op)
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
				       unsigned *expect)
{
	const char *word = json_string_value(json_object_get(object, "expect"));
	enum cd_status status;

	if (!word)
		return pol_fail(reader->error, "the test has no \"expect\"",
				"write \"allow\", \"ask\" or \"deny\"");
	step_key(reader, "expect");
	status =
	    locate(reader, pol_choose(pol_verdict_names, word, "verdict", expect, reader->error));
	step_back(reader);
	return status;
}

/* Says the test: what can be wrong with it now is wrong with its object. */
static enum cd_status read_test_object(struct reader *reader, const json_t *object,
				       struct pol_statement test)
{
	enum cd_op op = (enum cd_op)__builtin_ctzll(test.number);
	const char *key = pol_object_key(op);
	char pointer_text[CD_PATH_MAX];
	struct cd_buf pointer;
	enum cd_status status;

	test.text = json_string_value(json_object_get(object, key));
	if (!test.text || json_object_size(object) != 3)
		return pol_failf(reader->error,
				 "give this key, \"op\" and \"expect\", and no other",
				 "a test of %s takes \"%s\"", cd_op_name(op), key);
	cd_buf_init(&pointer, pointer_text, sizeof(pointer_text));
	pol_pointer_text(reader->steps, reader->step_count, &pointer);
	test.pointer = pointer_text;
	step_key(reader, key);
	status = locate(reader, say(reader, &test));
	step_back(reader);
	return status;
}

static enum cd_status read_test(struct reader *reader, const json_t *object)
{
	static const struct key keys[] = {{"op", check_string},	     {"path", check_string},
					  {"address", check_string}, {"name", check_string},
					  {"expect", check_string},  {NULL, NULL}};
	struct pol_statement test = {.says = POL_SAYS_TEST};
	enum cd_status status = read_object(reader, object, keys);

	if (!status)
		status = read_test_op(reader, object, &test.number);
	if (!status)
		status = read_test_expect(reader, object, &test.choice);
	return status ? status : read_test_object(reader, object, test);
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

static enum cd_status read_extends(struct reader *reader, const json_t *value)
{
	return read_list(reader, value, (struct pol_statement){.says = POL_SAYS_EXTENDS});
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
	const struct pol_statement name = {.says = POL_SAYS_NAME, .text = json_string_value(value)};
	enum cd_status status = expect_type(reader, value, JSON_STRING);

	return status ? status : say(reader, &name);
}

/* "version" and "extends" have been read before the others. */
static const struct key document_keys[] = {{"version", NULL},	      {"extends", NULL},
					   {"name", read_name},	      {"allow", read_allow},
					   {"ask", read_ask},	      {"deny", read_deny},
					   {"view", read_view},	      {"env", read_env},
					   {"limits", read_limits},   {"audit", read_audit},
					   {"on_deny", read_on_deny}, {"tests", read_tests},
					   {"always", read_always},   {NULL, NULL}};

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

enum cd_status pol_read_document(const char *source, const char *text, size_t len,
				 const struct pol_taker *taker, struct pol_error *error)
{
	struct reader reader = {
	    .taker = taker, .source = source, .text = text, .len = len, .error = error};
	json_error_t syntax;
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &syntax);
	enum cd_status status;

	if (!root && !syntax.text[0])
		return pol_fail_memory(error);
	if (!root) {
		pol_copy(error->file, sizeof(error->file), source);
		error->line = syntax.line > 0 ? (unsigned)syntax.line : 1;
		return pol_fail(error, syntax.text, syntax_remedy(json_error_code(&syntax)));
	}
	status = read_document(&reader, root);
	json_decref(root);
	return status;
}
