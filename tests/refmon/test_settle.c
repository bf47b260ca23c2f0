/*
 * What the rules settle: plans that are written down here, and what each of their mounts is
 * granted.
 *
 * A plan is a line a mount: "KIND PLACE[ w][ x][ d][ f][ <FROM]". What comes out is a line a mount
 * that is granted something, "PLACE BITS", after one for the whole: L look, r read, d list
 * directories, w write, c create, u remove (unlink), x execute.
 */
#include "refmon/settle.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/refmon/support.h"

static const char *bits(unsigned native)
{
	static char text[2][8];
	static unsigned which;
	char *out = text[which ^= 1], *p = out;

	for (unsigned i = 0; i < 7; i++)
		if (native & 1u << i)
			*p++ = "Lrdwcu"[i];
	*p = '\0';
	return *out ? out : "-";
}

static void parse_mount(char *line, struct cd_mount *m)
{
	static const char *const kinds[] = {"bind", "tmpfs", "cow",  "link",
					    "text", "dir",   "mask", "copy"};
	char *word = strtok(line, " ");

	*m = (struct cd_mount){0};
	for (m->kind = 0; strcmp(kinds[m->kind], word) != 0; m->kind++)
		cr_assert_lt(m->kind, 7, "%s", word);
	m->dest = m->from = strtok(NULL, " ");
	while ((word = strtok(NULL, " "))) {
		m->writable |= *word == 'w';
		m->exec |= *word == 'x';
		m->dev |= *word == 'd';
		m->file |= *word == 'f';
		if (*word == '<')
			m->from = word + 1;
	}
}

static struct cd_mount mounts[32];
static char plan_text[2048];
static struct cd_plan plan;

static void parse_plan(const char *text)
{
	char *next;

	plan = (struct cd_plan){.mounts = mounts};
	snprintf(plan_text, sizeof(plan_text), "%s", text);
	for (char *line = plan_text; *line; line = next) {
		size_t n = strcspn(line, "\n");

		next = line + n + (line[n] == '\n');
		line[n] = '\0';
		parse_mount(line, &plan.mounts[plan.count++]);
	}
}

static const char *settled(struct mon_table *table, const char *text)
{
	static char out[2048];
	size_t len;

	parse_plan(text);
	cr_assert_eq(mon_settle(table, &plan), CD_OK);
	/* Once more: it begins anew. */
	cr_assert_eq(mon_settle(table, &plan), CD_OK);
	mon_table_free(table);
	len = (size_t)sprintf(out, "%s\n", bits(plan.native));
	for (size_t i = 0; i < plan.count; i++)
		if (plan.mounts[i].native)
			len += (size_t)sprintf(out + len, "%s %s\n", plan.mounts[i].dest,
					       bits(plan.mounts[i].native));
	return out;
}

#define ROOT "allow fs.stat /"

/* ---- grants ---- */

Test(settle, nothing_is_settled_where_nothing_is_granted)
{
	cr_expect_str_eq(settled(table_of("deny fs.* /**", NULL), ""), "-\n");
	cr_expect_str_eq(settled(table_of("deny fs.* /**", NULL), "dir /proc\n"), "-\n");
}

Test(settle, a_subtree_that_may_be_read_is_read_natively)
{
	cr_expect_str_eq(settled(table_of("allow fs.read /a/**", NULL), "bind /a\n"),
			 "Lrd\n/a rd\n");
}

Test(settle, looking_alone_grants_nothing_else)
{
	cr_expect_str_eq(settled(table_of("allow fs.stat /a/**", ROOT, NULL), "bind /a\n"), "L\n");
}

Test(settle, all_that_is_allowed_below_is_granted)
{
	cr_expect_str_eq(settled(table_of("allow fs.* /a/**", NULL), "bind /a w x\n"),
			 "Lrdwcu\n/a rdwcu\n");
	cr_expect_str_eq(
	    settled(table_of("allow fs.read /a/**", "allow fs.remove /a/**", NULL), "bind /a w\n"),
	    "Lrdu\n/a rdu\n");
}

Test(settle, a_rule_for_names_directly_in_it_settles_no_subtree)
{
	cr_expect_str_eq(
	    settled(table_of("allow fs.read /a/*", "allow fs.read /a", NULL), "bind /a\n"), "-\n");
	cr_expect_str_eq(settled(table_of("allow fs.read /a*/**", NULL), "bind /a\n"),
			 "Lrd\n/a rd\n");
	cr_expect_str_eq(
	    settled(table_of("allow fs.read /a/*/**", "allow fs.read /a", NULL), "bind /a\n"),
	    "Lrd\n/a rd\n", "every one of the names in it, and all below");
}

Test(settle, creating_takes_that_what_is_made_can_be_opened)
{
	cr_expect_str_eq(
	    settled(table_of("allow fs.read /a/**", "allow fs.create /a/**", NULL), "bind /a w\n"),
	    "Lrd\n/a rd\n");
	cr_expect_str_eq(
	    settled(table_of("allow fs.write /a/**", "allow fs.create /a/**", NULL), "bind /a w\n"),
	    "Lw\n/a w\n");
	cr_expect_str_eq(settled(table_of("allow fs.read /a/**", "allow fs.write /a/**",
					  "allow fs.create /a/**", NULL),
				 "bind /a w\n"),
			 "Lrdwc\n/a rdwc\n");
}

Test(settle, what_is_read_only_grants_no_changes)
{
	cr_expect_str_eq(settled(table_of("allow fs.* /a/**", NULL), "bind /a x\n"),
			 "Lrd\n/a rd\n");
}

Test(settle, a_file_is_judged_by_itself)
{
	cr_expect_str_eq(
	    settled(table_of("allow fs.read /a", "allow fs.write /a", NULL), "bind /a w f\n"),
	    "Lrdwcu\n/a rdwcu\n");
	cr_expect_str_eq(
	    settled(table_of("allow fs.read /a", "ask fs.write /a", NULL), "bind /a w f\n"),
	    "Lrdu\n/a rdu\n");
}

/* ---- what is taken away ---- */

Test(settle, a_denial_below_keeps_its_operations_from_being_settled)
{
	cr_expect_str_eq(
	    settled(table_of("allow fs.* /a/**", "deny fs.write /a/b/**", NULL), "bind /a w x\n"),
	    "Lrdu\n/a rdu\n");
	cr_expect_str_eq(
	    settled(table_of("allow fs.* /a/**", "deny fs.exec /a/b", NULL), "bind /a w x\n"),
	    "Lrdwcu\n/a rdwcu\n");
	cr_expect_str_eq(
	    settled(table_of("allow fs.* /a/**", "deny fs.stat /a/b", NULL), "bind /a w x\n"),
	    "rdwcu\n/a rdwcu\n");
}

Test(settle, ask_takes_away_what_it_asks_about_and_nothing_else)
{
	cr_expect_str_eq(
	    settled(table_of("allow fs.* /a/**", "ask fs.read /a/b", NULL), "bind /a w\n"),
	    "Lwu\n/a wu\n");
}

Test(settle, wildcards_that_can_match_below_take_away)
{
	static const char *const takers[] = {"deny fs.read /a/*.key", "deny fs.read /*/b",
					     "deny fs.read /a/*/c/**", "deny fs.read /a*/x",
					     "deny fs.read /a/b"};

	for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++)
		cr_expect_str_eq(
		    settled(table_of("allow fs.read /a/**", takers[i], NULL), "bind /a\n"), "L\n",
		    "%s", takers[i]);
}

Test(settle, wildcards_that_match_elsewhere_take_nothing_away)
{
	static const char *const takers[] = {"deny fs.read /b/*.key", "deny fs.read /b*/b",
					     "deny fs.read /ab/**", "deny fs.write /a/b",
					     "deny fs.read /b"};

	for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++)
		cr_expect_str_eq(
		    settled(table_of("allow fs.read /a/**", takers[i], NULL), "bind /a\n"),
		    "Lrd\n/a rd\n", "%s", takers[i]);
}

Test(settle, protected_paths_are_not_granted_by_what_lies_around)
{
	cr_expect_str_eq(
	    settled(table_of("allow fs.read /a/**", "protect /a/.ssh", NULL), "bind /a\n"), "-\n");
	cr_expect_str_eq(
	    settled(table_of("allow fs.read /a/**", "protect /b/.ssh", NULL), "bind /a\n"),
	    "Lrd\n/a rd\n");
	cr_expect_str_eq(settled(table_of("allow fs.read /a/.ssh/**", "protect /a/.ssh", NULL),
				 "bind /a/.ssh\n"),
			 "Lrd\n/a/.ssh rd\n", "named");
}

Test(settle, what_has_a_mount_of_its_own_is_judged_by_itself)
{
	cr_expect_str_eq(settled(table_of("allow fs.read /a/**", "deny fs.* /a/s/**", NULL),
				 "tmpfs /a w\nmask /a/s\n"),
			 "rd\n/a rd\n", "a mask may be seen, and nothing more is lost");
	cr_expect_str_eq(settled(table_of("allow fs.read /a/**", "allow fs.write /a/**",
					  "deny fs.write /a/s/**", NULL),
				 "tmpfs /a w\nbind /a/s\n"),
			 "Lrdw\n/a rdw\n");
	/* In a directory of the user's, what is mounted may go when somebody outside puts something
	 * else in the place. */
	cr_expect_str_eq(settled(table_of("allow fs.read /a/**", "deny fs.* /a/s/**", NULL),
				 "bind /a\nmask /a/s\n"),
			 "-\n");
	cr_expect_str_eq(settled(table_of("allow fs.read /a/**", "allow fs.write /a/**",
					  "deny fs.write /a/s/**", NULL),
				 "bind /a w\nbind /a/s\n"),
			 "Lrd\n/a rd\n");
	cr_expect_str_eq(settled(table_of("allow fs.read /a/**", "deny fs.read /a/s/t", NULL),
				 "bind /a w\nbind /a/s w\n"),
			 "L\n", "what is not settled below is not granted above");
}

/* ---- the skeleton ---- */

Test(settle, a_directory_that_leads_somewhere_is_listed_only_by_rule)
{
	cr_expect_str_eq(settled(table_of("allow fs.read /a", "allow fs.read /a/b/c/**", NULL),
				 "dir /a\nbind /a/b/c\n"),
			 "Lrd\n/a r\n/a/b/c d\n");
	cr_expect_str_eq(settled(table_of("allow fs.read /a", "allow fs.read /a/b",
					  "allow fs.read /a/b/c/**", NULL),
				 "dir /a\nbind /a/b/c\n"),
			 "Lrd\n/a rd\n");
}

Test(settle, looking_is_for_the_whole_view_or_not_at_all)
{
	cr_expect_str_eq(settled(table_of("allow fs.read /a/**", "deny fs.stat /b", NULL),
				 "bind /a\nlink /b </a\n"),
			 "rd\n/a rd\n");
	cr_expect_str_eq(
	    settled(table_of("allow fs.read /a/**", "deny fs.stat /", NULL), "bind /a\n"),
	    "rd\n/a rd\n");
	cr_expect_str_eq(settled(table_of("allow fs.read /c/d/a/**", "deny fs.stat /c/d", NULL),
				 "bind /c/d/a\n"),
			 "rd\n/c/d/a rd\n", "on the way");
}

/* ---- programs ---- */

/* Path descriptors are Linux's to give: whatever else of the plan is settled, or is not. */
Test(settle, what_may_be_looked_at_holds_for_the_whole_view_and_for_no_other)
{
	static const struct {
		const char *rule, *plan;
		bool socket, looks;
	} cases[] = {
	    {"allow fs.stat /a/**", "bind /a\n", false, true},
	    {"allow fs.stat /a/**", "bind /a\n", true, false},
	    {"allow fs.stat /a/**", "bind /a\nbind /b\n", false, false},
	    {"deny fs.stat /a/b/**", "bind /a\n", false, false},
	    {"deny fs.* /a/b/**", "bind /a\nmask /a/b\n", false, false},
	    {"deny fs.read /a/b/**", "bind /a\n", false, true},
	    {"allow net.connect unix:/a/**", "bind /a\n", false, false},
	    {"allow net.listen unix:/t/**", "bind /a\ntmpfs /t\n", false, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mon_table *table = table_of(ROOT, "allow fs.read /a/**",
						   "allow fs.stat /t/**", cases[i].rule, NULL);

		parse_plan(cases[i].plan);
		plan.reads_all = true;
		mon_settle_looks(table, &plan, cases[i].socket);
		cr_expect_eq(plan.looks, cases[i].looks, "%s", cases[i].rule);
		cr_expect(plan.reads_all && !plan.native);
		/* Settling says the same, of what may be settled at all. */
		if (!cases[i].socket && !mon_grants_outer_socket(table, &plan)) {
			plan.looks = !cases[i].looks;
			cr_expect_eq(mon_settle(table, &plan), CD_OK);
			cr_expect_eq(plan.looks, cases[i].looks, "%s", cases[i].rule);
		}
		mon_table_free(table);
	}
}

Test(settle, programs_that_may_not_be_read_are_lent_to_Landlock_alone)
{
	cr_expect_str_eq(settled(table_of("allow fs.exec /a/**", NULL), "bind /a x\n"),
			 "L\n/a r\n");
	cr_expect_str_eq(settled(table_of("allow fs.exec /a/**", "allow fs.read /b/**", NULL),
				 "bind /a x\nbind /b\n"),
			 "L\n/a r\n/b rd\n", "and the filter lets nothing be read");
	cr_expect_str_eq(settled(table_of("allow fs.read /a/**", "allow fs.exec /a/**",
					  "ask fs.read /a/b", NULL),
				 "bind /a x\n"),
			 "L\n/a r\n");
}

/* ---- private directories ---- */

Test(settle, a_private_directory_is_settled_as_its_rules_say)
{
	cr_expect_str_eq(settled(table_of("allow fs.* /tmp/**", NULL), "tmpfs /tmp w x\n"),
			 "Lrdwcu\n/tmp rdwcu\n");
}

Test(settle, names_in_a_private_directory_can_be_taken_away_unless_they_are_mounts)
{
	cr_expect_str_eq(
	    settled(table_of("allow fs.* /tmp/**", "protect /tmp/d", "allow fs.stat /tmp/d", NULL),
		    "tmpfs /tmp w\ndir /tmp/d\n"),
	    "-\n");
	cr_expect_str_eq(settled(table_of("allow fs.* /tmp/**", "deny fs.remove /tmp/l", NULL),
				 "tmpfs /tmp w x\nlink /tmp/l </a\n"),
			 "Lrdwc\n/tmp rdwc\n");
	cr_expect_str_eq(
	    settled(table_of("allow fs.* /tmp/**", "protect /tmp/b", "allow fs.* /tmp/b/**", NULL),
		    "tmpfs /tmp w x\nbind /tmp/b w x\n"),
	    "Lrdwcu\n/tmp rdwcu\n");
	cr_expect_str_eq(settled(table_of("allow fs.* /tmp/**", "protect /tmp/b",
					  "allow fs.read /tmp/b/**", NULL),
				 "tmpfs /tmp w x\nbind /tmp/b\n"),
			 "Lrdwcu\n/tmp rdwcu\n", "read-only: no change is possible");
}

/* ---- two places for one thing ---- */

Test(settle, what_is_shown_twice_is_settled_as_in_both_places)
{
	cr_expect_str_eq(settled(table_of("allow fs.* /a/**", "allow fs.read /b/**", NULL),
				 "bind /a w </s\nbind /b w </s\n"),
			 "Lrd\n/a rd\n/b rd\n");
	cr_expect_str_eq(
	    settled(table_of("allow fs.* /a/**", NULL), "bind /a w </s/t\nbind /b w </s\n"), "-\n");
	cr_expect_str_eq(settled(table_of("allow fs.* /a/**", "allow fs.read /b/**", NULL),
				 "bind /a w </s\nbind /b w </t\n"),
			 "Lrdwcu\n/a rdwcu\n/b rd\n");
}

/* ---- devices ---- */

Test(settle, of_devices_only_the_tame_are_opened)
{
	cr_expect_str_eq(settled(table_of("allow fs.* /dev/null", NULL), "bind /dev/null w d f\n"),
			 "Lrdwcu\n/dev/null rdwcu\n");
	cr_expect_str_eq(
	    settled(table_of("allow fs.* /dev/console", NULL), "bind /dev/console w d f\n"),
	    "Ldu\n/dev/console du\n", "what a file cannot do anyway is no matter");
}

/* ---- the subtrees ---- */

static const char *subtrees(struct mon_table *table, const char *text)
{
	static char raw[256], out[256];
	size_t n;

	settled(table, text);
	n = mon_settled_subtrees(&plan, raw, sizeof(raw));
	cr_assert_geq(n, 1);
	cr_assert_eq(raw[n - 1], '\0');
	for (size_t i = 0; i + 1 < n; i++)
		out[i] = raw[i] ? raw[i] : ' ';
	out[n - 1] = '\0';
	return out;
}

Test(settle, names_are_settled_where_all_may_be_looked_up_read_and_listed)
{
	cr_expect_str_eq(subtrees(table_of("allow fs.read /a/**", "allow fs.stat /b/**", NULL),
				  "bind /a\nbind /b\n"),
			 "/a/ ");
	cr_expect_str_eq(subtrees(table_of("allow fs.read /a/**", "allow fs.read /a/b/**", NULL),
				  "bind /a\nbind /a/b w\n"),
			 "/a/ ", "once");
	cr_expect_str_eq(
	    subtrees(table_of("allow fs.read /a/**", "deny fs.stat /a/b", NULL), "bind /a\n"), "");
	cr_expect_str_eq(subtrees(table_of("allow fs.read /usr/**", "allow fs.read /lib/**", NULL),
				  "bind /usr\nlink /lib <usr/lib\n"),
			 "/usr/ /lib/ ");
}

Test(settle, as_many_subtrees_are_told_as_fit)
{
	char text[8];

	settled(table_of("allow fs.read /aaa/**", "allow fs.read /bbb/**", NULL),
		"bind /aaa\nbind /bbb\n");
	cr_expect_eq(mon_settled_subtrees(&plan, text, 2), 1);
	cr_expect_eq(mon_settled_subtrees(&plan, text, sizeof(text)), 7);
	cr_expect_str_eq(text, "/aaa/");
}

/* ---- why not ---- */

static const char *why(struct mon_table *table, const char *text, const char *place,
		       enum cd_native bit)
{
	static const char *const kinds[] = {"settled", "rule",	"secret", "narrow",
					    "device",  "twice", "open",	  "lent"};
	static char out[CD_PATH_MAX + 64];
	struct mon_obstacle obstacle;
	size_t mount = 0;

	parse_plan(text);
	cr_assert_eq(mon_settle(table, &plan), CD_OK);
	while (mount < plan.count && strcmp(plan.mounts[mount].dest, place) != 0)
		mount++;
	cr_assert_lt(mount, plan.count);
	cr_assert_eq(mon_settle_why(table, &plan, mount, bit, &obstacle), CD_OK);
	snprintf(out, sizeof(out), "%s %u %s", kinds[obstacle.kind], obstacle.index,
		 obstacle.place);
	mon_table_free(table);
	return out;
}

Test(settle, what_is_in_the_way_is_named)
{
	cr_expect_str_eq(
	    why(table_of("allow fs.read /a/**", NULL), "bind /a\n", "/a", CD_NATIVE_READ),
	    "settled 0 ");
	cr_expect_str_eq(
	    why(table_of("allow fs.read /a/**", "deny fs.write /b", "deny fs.read /a/b", NULL),
		"bind /a\n", "/a", CD_NATIVE_READ),
	    "rule 2 /a");
	cr_expect_str_eq(why(table_of("allow fs.* /a/**", "protect /c", "protect /a/s", NULL),
			     "bind /a w\n", "/a", CD_NATIVE_WRITE),
			 "secret 1 /a");
	cr_expect_str_eq(why(table_of("allow fs.read /a", NULL), "bind /a\n", "/a", CD_NATIVE_READ),
			 "narrow 0 /a");
	cr_expect_str_eq(why(table_of("allow fs.read /dev/console", NULL),
			     "bind /dev/console d f\n", "/dev/console", CD_NATIVE_READ),
			 "device 0 /dev/console");
	cr_expect_str_eq(why(table_of("allow fs.* /a/**", "allow fs.read /b/**", NULL),
			     "bind /a w </s\nbind /b w </s\n", "/a", CD_NATIVE_WRITE),
			 "twice 0 /a");
	cr_expect_str_eq(why(table_of("allow fs.write /a/**", "allow fs.create /a/**", NULL),
			     "bind /a w\n", "/a", CD_NATIVE_CREATE),
			 "open 0 /a");
	cr_expect_str_eq(why(table_of("allow fs.exec /a/**", "allow fs.read /b/**", NULL),
			     "bind /a x\nbind /b\n", "/b", CD_NATIVE_READ),
			 "lent 0 /a");
}

Test(settle, what_is_in_the_way_of_the_whole_view_may_be_elsewhere)
{
	cr_expect_str_eq(
	    why(table_of("allow fs.read /a/**", "allow fs.read /b/**", "deny fs.stat /b/c", NULL),
		"bind /a\nbind /b\n", "/a", CD_NATIVE_LOOK),
	    "rule 2 /b");
	cr_expect_str_eq(
	    why(table_of("allow fs.* /a/**", "allow fs.* /a/b/**", "ask fs.write /a/b/c", NULL),
		"tmpfs /a w\nbind /a/b w\n", "/a", CD_NATIVE_WRITE),
	    "rule 2 /a/b");
}

static size_t requests_of(const struct mon_table *table, struct cd_requests *out)
{
	mon_settled_requests(table, out);
	mon_table_free((struct mon_table *)table);
	return out->count;
}

Test(settle, device_requests_are_settled_unless_a_rule_takes_some_away)
{
	struct cd_requests out;

	cr_assert_eq(requests_of(table_of("allow dev.ioctl T.*", "allow dev.ioctl *.0xae80",
					  "allow fs.read /x", NULL),
				 &out),
		     2);
	cr_expect(out.at[0].value == 0x5400 && out.at[0].mask == 0xff00);
	cr_expect(out.at[1].value == 0xae80 && out.at[1].mask == UINT32_MAX);
	cr_assert_eq(requests_of(table_of("allow dev.* *", NULL), &out), 1);
	cr_expect(out.at[0].value == 0 && out.at[0].mask == 0);
	cr_expect_eq(
	    requests_of(table_of("allow dev.ioctl T.*", "deny dev.ioctl T.0x5413", NULL), &out), 0);
	cr_expect_eq(requests_of(table_of("allow dev.ioctl T.*", "ask dev.* *", NULL), &out), 0);
	cr_expect_eq(requests_of(table_of("allow proc.* *", NULL), &out), 0);
}
