/* The plan of a view: rules on trees that are made for each test. In rules and plans "@" is the
 * tree's root. */
#include "refmon/plan.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/refmon/support.h"

static char root[64];

static void begin(void)
{
	strcpy(root, "/tmp/cordon-plan-XXXXXX");
	cr_assert_not_null(mkdtemp(root));
}

static void end(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	cr_expect_eq(system(command), 0);
}

TestSuite(plan, .init = begin, .fini = end);

/* The text with "@" for the root; good until 32 more are asked for. */
static const char *at(const char *text)
{
	static char texts[32][512];
	static unsigned next;
	char *out = texts[next++ % 32], *p = out;

	for (; *text; text++)
		p += sprintf(p, *text == '@' ? "%s" : "%.1s", *text == '@' ? root : text);
	*p = '\0';
	return out;
}

/* "dir/", "file", "link>target"; the list ends with NULL. */
static __attribute__((sentinel)) void tree(const char *name, ...)
{
	va_list args;

	va_start(args, name);
	for (; name; name = va_arg(args, const char *)) {
		char path[512];
		const char *target = strchr(name, '>');
		int fd;

		snprintf(path, sizeof(path), "%s/%.*s", root, (int)strcspn(name, ">"), name);
		if (target) {
			cr_assert_eq(symlink(at(target + 1), path), 0, "%s", name);
		} else if (name[strlen(name) - 1] == '/') {
			cr_assert_eq(mkdir(path, 0755), 0, "%s", name);
		} else {
			fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0755);
			cr_assert_geq(fd, 0, "%s", name);
			close(fd);
		}
	}
	va_end(args);
}

/* One line a mount: "KIND PLACE[ w][ x][ d][ <FROM]\n", FROM where it is not the place itself. */
static const char *describe(const struct cd_plan *plan)
{
	static const char *const kinds[] = {"bind", "tmpfs", "cow",  "link", "text",
					    "dir",  "mask",  "copy", "pts"};
	static char text[65536];
	size_t len = 0, n = strlen(root);

	text[0] = '\0';
	for (size_t i = 0; i < plan->count; i++) {
		const struct cd_mount *m = &plan->mounts[i];
		const char *dest = m->dest, *from = m->from;
		const char *a = strncmp(dest, root, n) == 0 ? (dest += n, "@") : "";
		const char *b = from && strncmp(from, root, n) == 0 ? (from += n, "@") : "";

		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s %s%s%s%s%s",
					kinds[m->kind], a, dest, m->writable ? " w" : "",
					m->exec ? " x" : "", m->dev ? " d" : "");
		if (m->from && strcmp(m->from, m->dest) != 0)
			len += (size_t)snprintf(text + len, sizeof(text) - len, " <%s%s", b, from);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "\n");
		cr_assert_lt(len, sizeof(text));
	}
	return text;
}

static const char *plan_with(struct mon_table *table, const struct cd_mount *given, size_t count)
{
	struct cd_plan *plan = NULL;
	const char *text;

	cr_assert_eq(mon_plan_make(table, given, count, &plan), CD_OK);
	text = describe(plan);
	mon_plan_free(plan);
	mon_table_free(table);
	return text;
}

static const char *plan_of(struct mon_table *table)
{
	return plan_with(table, NULL, 0);
}

/* ---- grants ---- */

Test(plan, of_no_rules_is_empty)
{
	cr_expect_str_eq(plan_of(table_of(at("deny fs.* /**"), NULL)), "");
	mon_plan_free(NULL);
}

Test(plan, a_grant_is_shown_at_its_own_place_with_its_own_rights)
{
	tree("a/", "b/", "c/", "d/", "file", NULL);
	cr_expect_str_eq(plan_of(table_of(at("allow fs.read @/a/**"), at("allow fs.write @/b/**"),
					  at("allow fs.exec @/c/**"), at("allow fs.read @/file"),
					  at("allow fs.create @/d/**"), NULL)),
			 "bind @/a\nbind @/b w\nbind @/c x\nbind @/d w\nbind @/file\n");
}

Test(plan, every_operation_that_changes_makes_it_writable)
{
	tree("a/", "b/", "c/", NULL);
	cr_expect_str_eq(
	    plan_of(table_of(at("allow fs.create @/a/**"), at("allow fs.remove @/b/**"),
			     at("allow fs.write @/c/**"), NULL)),
	    "bind @/a w\nbind @/b w\nbind @/c w\n");
}

Test(plan, what_may_yet_be_allowed_is_shown_too)
{
	tree("a/", NULL);
	cr_expect_str_eq(plan_of(table_of(at("ask fs.write @/a/**"), NULL)), "bind @/a w\n");
}

Test(plan, a_directory_alone_is_one_without_what_is_in_it)
{
	tree("a/", "a/file", NULL);
	cr_expect_str_eq(plan_of(table_of(at("allow fs.read @/a"), NULL)), "dir @/a\n");
	cr_expect_str_eq(
	    plan_of(table_of(at("allow fs.read @/a"), at("allow fs.read @/a/file"), NULL)),
	    "dir @/a\nbind @/a/file\n");
}

Test(plan, rights_below_a_grant_are_mounts_of_their_own)
{
	tree("a/", "a/bin/", "a/tmp/", "a/tmp/x/", NULL);
	cr_expect_str_eq(
	    plan_of(table_of(at("allow fs.read @/a/**"), at("allow fs.exec @/a/bin/**"),
			     at("allow fs.write @/a/tmp/**"), NULL)),
	    "bind @/a\nbind @/a/bin x\nbind @/a/tmp w\n");
}

Test(plan, what_adds_nothing_is_left_out)
{
	tree("a/", "a/b/", "a/b/c/", "a/file", "a/link>b", NULL);
	cr_expect_str_eq(
	    plan_of(table_of(at("allow fs.read @/a/**"), at("allow fs.read @/a/**"),
			     at("allow fs.read @/a/b/**"), at("allow fs.read @/a/b/c"),
			     at("allow fs.read @/a/file"), at("allow fs.read @/a/link"), NULL)),
	    "bind @/a\n");
}

Test(plan, parents_come_before_what_lies_below_them)
{
	/* '-' and '!' sort before '/'. */
	tree("a/", "a/z/", "a-b/", "a!/", "a!/q/", NULL);
	cr_expect_str_eq(
	    plan_of(table_of(at("allow fs.write @/a/z/**"), at("allow fs.read @/a-b/**"),
			     at("allow fs.write @/a!/q/**"), at("allow fs.read @/a!/**"),
			     at("allow fs.read @/a/**"), NULL)),
	    "bind @/a\nbind @/a!\nbind @/a!/q w\nbind @/a-b\nbind @/a/z w\n");
}

/* ---- what is not there ---- */

Test(plan, what_is_missing_is_left_out)
{
	tree("a/", NULL);
	cr_expect_str_eq(
	    plan_of(table_of(at("allow fs.read @/a/no/such/**"), at("allow fs.exec @/nothing"),
			     at("allow fs.write @/a/none"), NULL)),
	    "");
}

Test(plan, what_may_be_created_has_the_directory_that_it_would_be_created_in)
{
	tree("a/", "a/b/", NULL);
	cr_expect_str_eq(plan_of(table_of(at("allow fs.create @/a/b/new"), NULL)),
			 "bind @/a/b w\n");
	cr_expect_str_eq(plan_of(table_of(at("allow fs.create @/a/x/y/z/**"), NULL)),
			 "bind @/a w\n");
	cr_expect_str_eq(
	    plan_of(table_of(at("allow fs.read @/a/b/**"), at("allow fs.create @/a/b/new"), NULL)),
	    "bind @/a/b w\n", "whatever else shows it");
	cr_expect_str_eq(
	    plan_of(table_of(at("allow fs.create @/a/b/new"), at("allow fs.read @/a/b/**"), NULL)),
	    "bind @/a/b w\n");
	cr_expect_str_eq(plan_of(table_of("allow fs.create /no-such-cordon-place/new", NULL)), "",
			 "but not the root itself");
}

/* ---- links ---- */

Test(plan, a_link_is_shown_as_one_and_what_it_leads_to_is_not)
{
	tree("real/", "real/file", "link>@/real", "rel>real", NULL);
	cr_expect_str_eq(
	    plan_of(table_of(at("allow fs.read @/link/**"), at("allow fs.read @/rel"), NULL)),
	    "link @/link <@/real\nlink @/rel <real\n");
}

Test(plan, a_link_on_the_way_ends_the_way)
{
	tree("real/", "real/file", "link>@/real", NULL);
	cr_expect_str_eq(plan_of(table_of(at("allow fs.write @/link/file"), NULL)),
			 "link @/link <@/real\n");
	cr_expect_str_eq(plan_of(table_of(at("allow fs.create @/link/new/**"), NULL)),
			 "link @/link <@/real\n");
	cr_expect_str_eq(
	    plan_of(table_of(at("allow fs.read @/link/file"), at("allow fs.read @/real/**"), NULL)),
	    "link @/link <@/real\nbind @/real\n");
}

Test(plan, a_link_to_nowhere_is_still_a_link)
{
	tree("link>/no-such-cordon-place", NULL);
	cr_expect_str_eq(plan_of(table_of(at("allow fs.read @/link"), NULL)),
			 "link @/link </no-such-cordon-place\n");
}

/* ---- wildcards ---- */

Test(plan, a_wildcard_stands_for_what_is_there)
{
	tree("a1/", "a1/x", "a1/y", "a2/", "a2/x", "b/", "b/x", "a3", NULL);
	cr_expect_str_eq(plan_of(table_of(at("allow fs.read @/a*/x"), NULL)),
			 "bind @/a1/x\nbind @/a2/x\n");
	cr_expect_str_eq(plan_of(table_of(at("allow fs.read @/*/y"), NULL)), "bind @/a1/y\n");
	cr_expect_str_eq(plan_of(table_of(at("allow fs.write @/a*/**"), NULL)),
			 "bind @/a1 w\nbind @/a2 w\nbind @/a3 w\n");
}

Test(plan, other_characters_of_the_shell_mean_themselves)
{
	tree("a?", "ab", "a[b]", "a\\b", "x?1", "xy1", "x[y]1", NULL);
	cr_expect_str_eq(plan_of(table_of(at("allow fs.read @/x?*"), NULL)), "bind @/x?1\n");
	cr_expect_str_eq(plan_of(table_of(at("allow fs.read @/x[*"), NULL)), "bind @/x[y]1\n");
	cr_expect_str_eq(plan_of(table_of(at("allow fs.read @/a\\*"), NULL)), "bind @/a\\b\n");
	cr_expect_str_eq(plan_of(table_of(at("allow fs.read @/a[b]"), NULL)), "bind @/a[b]\n");
}

static void many(const char *prefix, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s%02u", prefix, i);
		tree(name, NULL);
	}
}

static unsigned lines(const char *text)
{
	unsigned count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

Test(plan, up_to_64_matches_are_mounts_and_for_more_the_directory_stands)
{
	tree("few/", "lots/", "lots/deep/", NULL);
	many("few/f", 64);
	many("lots/f", 65);
	cr_expect_eq(lines(plan_of(table_of(at("allow fs.read @/few/*"), NULL))), 64);
	cr_expect_str_eq(plan_of(table_of(at("allow fs.read @/lots/*"), NULL)), "bind @/lots\n");
	cr_expect_str_eq(plan_of(table_of(at("allow fs.write @/lots/*"), NULL)), "bind @/lots w\n");
}

/* As "/usr/bin/" with one star: what lies deeper was not granted, and must not run. */
Test(plan, programs_by_a_wildcard_do_not_make_what_lies_deeper_run)
{
	tree("bin/", "bin/deep/", "bin/deep/er/", "bin/also/", NULL);
	many("bin/f", 70);
	cr_expect_str_eq(plan_of(table_of(at("allow fs.exec @/bin/*"), NULL)),
			 "bind @/bin x\nbind @/bin/also\nbind @/bin/deep\n");
	cr_expect_str_eq(
	    plan_of(table_of(at("allow fs.exec @/bin/*"), at("allow fs.exec @/bin/deep/*"), NULL)),
	    "bind @/bin x\nbind @/bin/also\n");
}

/* The directory must not let run what the pattern leaves out, nor keep from running what it names.
 */
Test(plan, programs_by_part_of_their_name_run_and_no_others)
{
	const char *text;

	tree("bin/", "bin/other", NULL);
	many("bin/f", 70);
	text = plan_of(table_of(at("allow fs.exec @/bin/f*"), NULL));
	cr_expect(strstr(text, at("bind @/bin/f00 x\n")) || strstr(text, "bind @/bin/f00 x\n"),
		  "%s", text);
	cr_expect_eq(lines(text), 70);
	cr_expect_null(strstr(text, "other"));
}

Test(plan, files_by_part_of_their_name_can_be_written)
{
	const char *text;

	tree("logs/", "logs/other", NULL);
	many("logs/f", 70);
	text = plan_of(table_of(at("allow fs.write @/logs/f*"), NULL));
	cr_expect_str_eq(text, "bind @/logs w\n");
	text =
	    plan_of(table_of(at("allow fs.read @/logs/**"), at("allow fs.write @/logs/f*"), NULL));
	cr_expect_str_eq(text, "bind @/logs w\n");
	text =
	    plan_of(table_of(at("allow fs.write @/logs/f*"), at("allow fs.read @/logs/**"), NULL));
	cr_expect_str_eq(text, "bind @/logs w\n");
}

/* ---- what is taken away ---- */

Test(plan, a_denial_inside_a_grant_is_a_mask)
{
	tree("a/", "a/secret/", "a/secret/x", "a/key", NULL);
	cr_expect_str_eq(plan_of(table_of(at("allow fs.* @/a/**"), at("deny fs.* @/a/secret/**"),
					  at("deny fs.* @/a/key"), NULL)),
			 "bind @/a w x\nmask @/a/key\nmask @/a/secret\n");
}

Test(plan, a_denial_of_some_operations_leaves_the_others)
{
	tree("a/", "a/ro/", "a/data/", NULL);
	cr_expect_str_eq(
	    plan_of(table_of(at("allow fs.* @/a/**"), at("deny fs.write @/a/ro/**"),
			     at("deny fs.create @/a/ro/**"), at("deny fs.remove @/a/ro/**"),
			     at("deny fs.exec @/a/data/**"), NULL)),
	    "bind @/a w x\nbind @/a/data w\nbind @/a/ro x\n");
}

Test(plan, denials_by_wildcard_cover_each_match)
{
	tree("a/", "a/x.key", "a/y.key", "a/z", "a/d/", "a/d/q.key", NULL);
	cr_expect_str_eq(plan_of(table_of(at("allow fs.read @/a/**"), at("deny fs.* @/a/*.key"),
					  at("deny fs.* @/a/d/*.key"), NULL)),
			 "bind @/a\nmask @/a/d/q.key\nmask @/a/x.key\nmask @/a/y.key\n");
}

Test(plan, every_one_of_many_denied_files_is_covered)
{
	tree("a/", NULL);
	many("a/key", 100);
	tree("a/open", NULL);
	cr_expect_eq(
	    lines(plan_of(table_of(at("allow fs.read @/a/**"), at("deny fs.* @/a/key*"), NULL))),
	    101);
}

Test(plan, where_nothing_is_shown_nothing_is_covered)
{
	tree("a/", "b/", "b/secret/", NULL);
	cr_expect_str_eq(plan_of(table_of(at("allow fs.read @/a/**"), at("deny fs.* @/b/secret/**"),
					  at("deny fs.* @/b/none"), NULL)),
			 "bind @/a\n");
	cr_expect_str_eq(
	    plan_of(table_of(at("allow fs.read @/a/**"), at("deny fs.* @/a/none/**"), NULL)),
	    "bind @/a\n");
}

Test(plan, one_mask_is_enough_for_all_below_it)
{
	tree("a/", "a/s/", "a/s/t/", NULL);
	cr_expect_str_eq(plan_of(table_of(at("allow fs.read @/a/**"), at("deny fs.* @/a/s/**"),
					  at("deny fs.* @/a/s/t/**"), NULL)),
			 "bind @/a\nmask @/a/s\n");
}

Test(plan, protected_places_are_masked)
{
	tree("home/", "home/.ssh/", "home/.ssh/id", "home/.netrc", "home/work/", NULL);
	cr_expect_str_eq(
	    plan_of(table_of(at("allow fs.* @/home/**"), at("protect @/home/.ssh"),
			     at("protect @/home/.netrc"), at("protect @/home/none"), NULL)),
	    "bind @/home w x\nmask @/home/.netrc\nmask @/home/.ssh\n");
}

Test(plan, a_protected_place_that_is_spelt_out_is_shown)
{
	tree("home/", "home/.ssh/", "home/.ssh/id", "home/.ssh/known", NULL);
	cr_expect_str_eq(plan_of(table_of(at("allow fs.read @/home/**"), at("protect @/home/.ssh"),
					  at("allow fs.read @/home/.ssh/**"), NULL)),
			 "bind @/home\n");
	cr_expect_str_eq(plan_of(table_of(at("allow fs.read @/home/**"), at("protect @/home/.ssh"),
					  at("allow fs.read @/home/.ssh/known"), NULL)),
			 "bind @/home\nmask @/home/.ssh\nbind @/home/.ssh/known\n");
}

/* ---- what is given ---- */

Test(plan, what_is_given_stands_before_the_rules_for_the_same_place)
{
	const struct cd_mount given[] = {
	    {.kind = CD_MOUNT_TMPFS, .dest = at("@/tmp"), .writable = true, .size = 4096},
	    {.kind = CD_MOUNT_BIND, .dest = at("@/moved"), .from = at("@/real")},
	    {.kind = CD_MOUNT_TEXT, .dest = at("@/etc/text"), .from = "words"},
	};

	tree("tmp/", "tmp/outside", "real/", "moved/", "moved/x", "etc/", "etc/text", NULL);
	cr_expect_str_eq(
	    plan_with(table_of(at("allow fs.write @/moved/**"), at("allow fs.exec @/tmp/**"),
			       at("allow fs.read @/etc/**"), at("deny fs.* @/moved/x"), NULL),
		      given, 3),
	    "bind @/etc\ntext @/etc/text <words\nbind @/moved <@/real\ntmpfs @/tmp w x\n");
}

Test(plan, given_mounts_run_programs_only_by_a_rule)
{
	const struct cd_mount given[] = {{.kind = CD_MOUNT_BIND,
					  .dest = at("@/inside"),
					  .from = at("@/real"),
					  .writable = true,
					  .exec = true}};

	tree("real/", NULL);
	cr_expect_str_eq(plan_with(table_of(at("allow fs.read @/inside/**"), NULL), given, 1),
			 "bind @/inside w <@/real\n");
	cr_expect_str_eq(plan_with(table_of(at("allow fs.exec @/inside/**"), NULL), given, 1),
			 "bind @/inside w x <@/real\n");
}

Test(plan, a_grant_shows_through_in_a_private_directory)
{
	const struct cd_mount given[] = {
	    {.kind = CD_MOUNT_TMPFS, .dest = at("@/tmp"), .writable = true}};

	tree("tmp/", "tmp/shown", "tmp/hidden", NULL);
	cr_expect_str_eq(plan_with(table_of(at("allow fs.read @/tmp/shown"), NULL), given, 1),
			 "tmpfs @/tmp w\nbind @/tmp/shown\n");
}

/* ---- the root, and places that the view has of its own ---- */

Test(plan, special_places_are_never_the_machines)
{
	cr_expect_str_eq(plan_of(table_of("allow fs.* /proc/**", "allow fs.read /dev/pts/**",
					  "allow fs.* /dev/ptmx", "allow fs.read /dev/**", NULL)),
			 "");
}

Test(plan, terminals_are_the_spaces_own_where_rules_let_it_make_some)
{
	const char *own = "link /dev/ptmx <pts/ptmx\npts /dev/pts w d\n";
	const struct cd_mount private[] = {
	    {.kind = CD_MOUNT_TMPFS, .dest = "/dev/pts", .writable = true}};

	cr_expect_str_eq(plan_of(table_of("allow fs.* /dev/pts/**", NULL)), own);
	cr_expect_str_eq(
	    plan_of(table_of("allow fs.* /dev/pts/**", "deny fs.write /dev/pts/ptmx", NULL)), "");
	cr_expect_str_eq(plan_with(table_of("allow fs.* /dev/pts/**", NULL), private, 1),
			 "tmpfs /dev/pts w x\n");
}

Test(plan, devices_are_shown_as_such_and_nothing_else_is_one)
{
	const char *text =
	    plan_of(table_of("allow fs.write /dev/null", at("allow fs.read @/**"), NULL));

	cr_expect_not_null(strstr(text, "bind /dev/null w d\n"), "%s", text);
	cr_expect_not_null(strstr(text, "bind @\n"), "%s", text);
}

Test(plan, the_whole_root_is_all_that_is_in_it)
{
	const char *text = plan_of(table_of("allow fs.read /**", NULL));

	cr_expect_not_null(strstr(text, "bind /usr\n"));
	cr_expect_not_null(strstr(text, "bind /etc\n"));
	cr_expect_null(strstr(text, " /proc"));
	cr_expect_null(strstr(text, " /dev\n"));
	cr_expect_null(strstr(text, "bind /\n"));
}

/* By its name, or by its family's, or with the directory that holds it; never with all that there
 * is. */
Test(plan, a_device_takes_a_rule_that_says_which)
{
	cr_expect_not_null(
	    strstr(plan_of(table_of("allow fs.read /dev/nul*", NULL)), "bind /dev/null d\n"));
	cr_expect_not_null(
	    strstr(plan_of(table_of("allow fs.read /dev/shm/**", NULL)), "bind /dev/shm d\n"));
	/* The space's own terminals are none of the machine's devices. */
	cr_expect_str_eq(plan_of(table_of("allow fs.* /dev/*", "allow fs.* /dev/*/x",
					  "allow fs.* /dev/**", NULL)),
			 "link /dev/ptmx <pts/ptmx\npts /dev/pts w d\n");
	cr_expect_null(strstr(plan_of(table_of("allow fs.read /**", NULL)), " d\n"));
}

Test(plan, a_place_is_found_in_the_same_mount_with_an_index)
{
	static const char *const parts[] = {"/a", "/b", "/ab", "/a b", "/-"};
	struct cd_plan plan = {.count = 0};
	unsigned seed = 7;

	for (int round = 0; round < 300; round++) {
		struct cd_mount mount = {.kind = CD_MOUNT_DIR};
		char path[64] = "";
		const struct cd_mount *linear, *found;
		struct cd_parts place;
		unsigned at;

		for (int depth = rand_r(&seed) % 5; depth; depth--)
			strcat(path, parts[rand_r(&seed) % 5]);
		if (!*path)
			strcpy(path, "/");
		mount.dest = path;
		if (round % 3 == 0)
			cr_assert_eq(mon_plan_add(&plan, &mount), CD_OK);
		linear = mon_plan_at(&plan, path);
		cr_assert_not_null(cd_path_divide(path, strlen(path), &place));
		for (int with = 0; with < 2; with++) {
			if (with)
				mon_plan_index(&plan);
			cr_assert_eq(plan.index != NULL, with);
			at = place.count;
			found = mon_plan_above(&plan, path, &place, &at);
			cr_assert_eq(found, linear, "%s", path);
			if (found)
				cr_assert_eq(strlen(found->dest),
					     at ? place.part[at - 1].at + place.part[at - 1].len
						: 1);
		}
		free(plan.index);
		plan.index = NULL;
	}
	for (size_t i = 0; i < plan.count; i++)
		free((char *)plan.mounts[i].dest);
	free(plan.mounts);
}
