/* Names of operations. */
#include "cordon/ops.h"

#include <criterion/criterion.h>
#include <string.h>

#include "cordon/status.h"

static uint64_t named(const char *name)
{
	return cd_ops_named(name, strlen(name));
}

Test(ops, every_operation_is_found_by_its_name_alone)
{
	for (unsigned op = 0; op < CD_OP_COUNT; op++) {
		const struct cd_op_info *info = &cd_op_table[op];
		char joined[64];

		cr_expect_eq(named(info->name), CD_OPBIT(op), "%s", info->name);
		strcpy(joined, info->protocol);
		strcat(joined, ".");
		strcat(joined, info->verb);
		cr_expect_str_eq(info->name, joined);
		cr_expect_str_eq(cd_op_name((enum cd_op)op), info->name);
		cr_expect_gt(strlen(info->text), 0);
	}
}

Test(ops, no_two_have_one_name)
{
	for (unsigned a = 0; a < CD_OP_COUNT; a++)
		for (unsigned b = 0; b < a; b++)
			cr_expect_str_neq(cd_op_table[a].name, cd_op_table[b].name);
}

Test(ops, a_protocol_names_all_of_its_own)
{
	uint64_t all = 0;

	for (unsigned op = 0; op < CD_OP_COUNT; op++) {
		char group[64];
		uint64_t mask;

		strcpy(group, cd_op_table[op].protocol);
		strcat(group, ".*");
		mask = named(group);
		for (unsigned other = 0; other < CD_OP_COUNT; other++)
			cr_expect_eq(
			    (mask & CD_OPBIT(other)) != 0,
			    strcmp(cd_op_table[other].protocol, cd_op_table[op].protocol) == 0,
			    "%s and %s", group, cd_op_table[other].name);
		all |= mask;
	}
	cr_expect_eq(all, CD_OPS_ALL);
	cr_expect_eq(named("*"), CD_OPS_ALL);
}

Test(ops, anything_else_names_none)
{
	static const char *const none[] = {
	    "",		".",	    "fs",     "fs.",	   "fs.rea",   "fs.readx", "fs.READ",
	    " fs.read", "fs.read ", "read",   ".read",	   "fs..read", "fs.**",	   "**",
	    "fs.r*",	"f.*",	    "*.read", "fs.read.*", "xfs.*",    "fs.*x",	   "?"};

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		cr_expect_eq(named(none[i]), 0, "\"%s\"", none[i]);
	cr_expect_eq(cd_ops_named("fs.read\0", 8), 0, "a NUL is a byte like any other");
}

Test(ops, a_name_need_not_end_where_it_is_read)
{
	cr_expect_eq(cd_ops_named("fs.readable", 7), CD_OPBIT(CD_OP_FS_READ));
	cr_expect_eq(cd_ops_named("**", 1), CD_OPS_ALL);
	cr_expect_eq(cd_ops_named("fs.*.*", 4), named("fs.*"));
}

Test(ops, a_number_out_of_range_has_no_name)
{
	cr_expect_str_eq(cd_op_name(CD_OP_COUNT), "?");
	cr_expect_str_eq(cd_op_name((enum cd_op) - 1), "?");
}

Test(ops, every_status_has_a_name)
{
	for (int status = CD_ENOSUP; status <= CD_OK; status++)
		cr_expect_str_neq(cd_status_name((enum cd_status)status), "unknown status", "%d",
				  status);
	cr_expect_str_eq(cd_status_name((enum cd_status)1), "unknown status");
	cr_expect_str_eq(cd_status_name((enum cd_status)(CD_ENOSUP - 1)), "unknown status");
}

Test(ops, a_device_request_is_named_by_its_type_and_its_number)
{
	static const struct {
		uint32_t request;
		const char *name;
	} cases[] = {
	    {0x5413, "T.0x5413"},   {0xc02064b2, "d.0xc02064b2"},    {0xae80, "0xae.0xae80"},
	    {0x2, "0x00.0x2"},	    {0xffffffff, "0xff.0xffffffff"}, {0x3001, "0.0x3001"},
	    {0x5b01, "0x5b.0x5b01"}};
	char text[CD_REQUEST_TEXT];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_expect_eq(cd_request_name(cases[i].request, text), strlen(cases[i].name));
		cr_expect_str_eq(text, cases[i].name);
	}
}

Test(ops, subscriptions_are_named_and_named_again)
{
	const char *wrong;
	char list[1024], small[8];
	const uint64_t some = CD_OPBIT(CD_OP_FS_READ) | CD_NESTER_LIST;

	cr_expect_eq(cd_nester_ops_named("fs.read,cap.list", &wrong), some);
	cr_expect_eq(cd_nester_ops_named("*", &wrong), CD_OPS_ALL, "what costs is asked for");
	cr_expect_eq(cd_nester_ops_named("fs.read,cap.lis,fs.stat", &wrong), 0);
	cr_expect_eq(strncmp(wrong, "cap.lis,", 8), 0);
	cr_expect_eq(cd_nester_ops_named("fs.read,,fs.stat", &wrong), 0);
	cr_expect_eq(cd_nester_ops_name(some, list, sizeof(list)), strlen("fs.read,cap.list"));
	cr_expect_str_eq(list, "fs.read,cap.list");
	cd_nester_ops_name(CD_NESTER_ALL, list, sizeof(list));
	cr_expect_eq(cd_nester_ops_named(list, &wrong), CD_NESTER_ALL);
	cd_nester_ops_name(CD_NESTER_ALL, small, sizeof(small));
	cr_expect_eq(strlen(small), sizeof(small) - 1);
}
