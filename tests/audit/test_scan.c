/* The quick reader of records, beside the JSON reader that it stands in for. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#include "audit/scan.h"

static char line[4096];
static struct audit_pairs pairs;

static bool scan(const char *text)
{
	snprintf(line, sizeof(line), "%s\n", text);
	return audit_scan(line, strlen(line), &pairs);
}

Test(scan, records_are_read)
{
	cr_assert(scan("{\"k\":\"op\",\"t\":12.000345,\"m\":7,\"x\":\"/a "
		       "b\",\"y\":null,\"e\":-13,\"h\":\"00\"}"));
	cr_assert_eq(pairs.count, 7);
	cr_expect_str_eq(audit_pair_of(&pairs, "k")->text, "op");
	cr_expect_str_eq(audit_pair_of(&pairs, "x")->text, "/a b");
	cr_expect_float_eq(audit_pair_of(&pairs, "t")->fraction, 12.000345, 1e-9);
	cr_expect_eq(audit_pair_of(&pairs, "t")->type, AUDIT_FRACTION);
	cr_expect_eq(audit_pair_of(&pairs, "m")->integer, 7);
	cr_expect_eq(audit_pair_of(&pairs, "e")->integer, -13);
	cr_expect_eq(audit_pair_of(&pairs, "y")->type, AUDIT_NULL);
	cr_expect_null(audit_pair_of(&pairs, "z"));
}

Test(scan, what_is_in_another_form_is_left_alone_and_whole)
{
	static const char *const texts[] = {"",
					    "{",
					    "{}",
					    "[]",
					    "{\"k\"}",
					    "{\"k\":}",
					    "{\"k\":\"op\"",
					    "{\"k\":\"op\"}}",
					    "{\"k\":\"op\"} ",
					    " {\"k\":\"op\"}",
					    "{\"k\": \"op\"}",
					    "{\"k\":\"o\\u0070\"}",
					    "{\"k\":\"\303\244\"}",
					    "{\"k\":\"op\",}",
					    "{,\"k\":\"op\"}",
					    "{\"k\":\"op\",\"k\":\"op\"}",
					    "{\"\":1}",
					    "{\"toolongkey\":1}",
					    "{\"k\":01}",
					    "{\"k\":1.}",
					    "{\"k\":-}",
					    "{\"k\":+1}",
					    "{\"k\":1e5}",
					    "{\"k\":1234567890123456}",
					    "{\"k\":true}",
					    "{\"k\":nul}",
					    "{\"k\":{}}",
					    "{\"k\":[]}",
					    "{\"k\":\"\t\"}",
					    "{\"k\":\"op}",
					    "{k:1}",
					    "{\"a\":1\"b\":2}"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		cr_expect_not(scan(texts[i]), "%s", texts[i]);
		cr_expect(strncmp(line, texts[i], strlen(texts[i])) == 0, "%s", texts[i]);
	}
}

/* Nothing is accepted that JSON is not, and it means the same. */
Test(scan, agrees_with_the_json_reader_on_whatever_it_accepts)
{
	static const char alphabet[] = "{}\",:\"\"kxe01-.null 9\\[]";
	unsigned seed = 12345, accepted = 0;

	for (int round = 0; round < 400000; round++) {
		char text[64];
		size_t len = 0;
		json_t *json;

		/* Around something that is well formed, or nothing would be. */
		const char *const base[] = {"{\"k\":1}", "{\"k\":\"x\",\"e\":0.5}",
					    "{\"x\":null,\"k\":-9}"};
		const char *from = base[round % 3];

		strcpy(text, from);
		len = strlen(text);
		for (int changes = round % 4; changes > 0; changes--) {
			seed = seed * 1103515245 + 12345;
			text[seed / 65536 % len] = alphabet[seed / 7 % (sizeof(alphabet) - 1)];
		}
		if (!scan(text))
			continue;
		accepted++;
		json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
		cr_assert(json_is_object(json), "%s", text);
		cr_assert_eq(json_object_size(json), pairs.count, "%s", text);
		for (size_t i = 0; i < pairs.count; i++) {
			char key[9] = "";
			const json_t *value;

			memcpy(key, &pairs.at[i].key, 8);
			value = json_object_get(json, key);
			cr_assert_not_null(value, "%s: %s", text, key);
			if (pairs.at[i].type == AUDIT_TEXT)
				cr_assert_str_eq(json_string_value(value), pairs.at[i].text);
			else if (pairs.at[i].type == AUDIT_INTEGER)
				cr_assert(json_is_integer(value) &&
					      json_integer_value(value) == pairs.at[i].integer,
					  "%s", text);
			else if (pairs.at[i].type == AUDIT_FRACTION)
				cr_assert(json_is_real(value), "%s", text);
			else
				cr_assert(json_is_null(value), "%s", text);
		}
		json_decref(json);
	}
	cr_expect_gt(accepted, 100000);
}
