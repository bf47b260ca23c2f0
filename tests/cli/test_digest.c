/* What a page is made of: texts once, records as small numbers. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/digest.h"
#include "cli/page.h"

static struct audit_event op(double time, long pid, const char *object, enum cd_verdict verdict)
{
	return (struct audit_event){.kind = AUDIT_OP,
				    .time = time,
				    .space = "1",
				    .pid = pid,
				    .call = "openat",
				    .ops = CD_OPBIT(CD_OP_FS_READ),
				    .denied_op = CD_OP_FS_READ,
				    .object = object,
				    .verdict = verdict};
}

static void add(struct digest *d, struct audit_event event)
{
	cr_assert(digest_add(d, &event));
}

Test(digest, what_is_the_same_is_kept_once)
{
	struct digest d = {.records = 0};

	add(&d, (struct audit_event){.kind = AUDIT_HEAD, .time = 1000, .audit = "all"});
	for (int i = 0; i < 1000; i++)
		add(&d, op(i * 1e-3, 2 + i % 3, i % 2 ? "/a" : "/b", i % 2 ? CD_ALLOW : CD_DENY));
	cr_expect_eq(d.records, 1000);
	cr_expect_eq(d.process_count, 3);
	cr_expect_eq(d.denial_count, 1);
	cr_expect_eq(d.denials[0].count, 500);
	cr_expect_str_eq(digest_text(&d, d.denials[0].object), "/b");
	/* "", all, 1, openat, fs.read, and two paths */
	cr_expect_eq(d.texts.count, 7);
	cr_expect_lt(d.column_len, 1000 * 12);
	cr_expect_str_eq(digest_text(&d, 99), "");
	digest_free(&d);
}

Test(digest, many_texts_keep_their_numbers)
{
	struct digest d = {.records = 0};
	char path[32];

	for (int i = 0; i < 20000; i++) {
		snprintf(path, sizeof(path), "/f%d", i);
		add(&d, op(0, 2, path, CD_DENY));
	}
	cr_expect_eq(d.records, 20000);
	cr_expect_eq(d.denial_count, DIGEST_DENIALS_MAX);
	cr_expect_eq(d.denials_left_out, 20000 - DIGEST_DENIALS_MAX);
	for (size_t i = 0; i < d.denial_count; i++) {
		snprintf(path, sizeof(path), "/f%zu", i);
		cr_assert_str_eq(digest_text(&d, d.denials[i].object), path);
	}
	digest_free(&d);
}

Test(digest, times_that_are_none_do_no_harm)
{
	static const double times[] = {1e300, -1e300, NAN, INFINITY, -INFINITY, 1e18};
	struct digest d = {.records = 0};

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		add(&d, (struct audit_event){.kind = AUDIT_HEAD, .time = times[i]});
		add(&d, op(times[i], -1, "/x", CD_ALLOW));
		add(&d, (struct audit_event){.kind = AUDIT_TAIL, .time = times[i]});
	}
	cr_expect_eq(d.records, 6);
	digest_free(&d);
}

Test(page, no_name_ends_the_element_that_it_stands_in)
{
	struct digest d = {.records = 0};
	char *text = NULL, *data;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	add(&d, op(0, 2, "/</script><script>x</script><!--&\"\\\x1b\xff", CD_DENY));
	cr_assert(page_write(&d, "<b>&</script>", NULL, out));
	fclose(out);
	data = strstr(text, "id=\"data\">");
	cr_assert(data);
	data += strlen("id=\"data\">");
	*strstr(data, "</script>\n<script type=\"text/plain\"") = '\0';
	cr_expect_null(strchr(data, '<'));
	cr_expect_null(strchr(data, '>'));
	cr_expect_null(strchr(data, '&'));
	cr_expect_null(strchr(data, '\x1b'));
	cr_expect(strstr(data, "/\\u003c/script\\u003e"));
	free(text);
	digest_free(&d);
}

Test(page, is_whole_for_nothing)
{
	struct digest d = {.records = 0};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	cr_assert(page_write(&d, "", NULL, out));
	fclose(out);
	cr_expect(strncmp(text, "<!DOCTYPE html>", 15) == 0);
	cr_expect(strstr(text, "\"texts\":[]"));
	cr_expect(strstr(text, "</html>"));
	free(text);
	digest_free(&d);
}
