/* CORDON_WITHOUT: what it names is done without, and nothing else is. */
#include "lib/without.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static void say(const char *words)
{
	cr_assert_eq(words ? setenv("CORDON_WITHOUT", words, 1) : unsetenv("CORDON_WITHOUT"), 0);
}

Test(without, nothing_named_nothing_missing)
{
	static const char *const words[] = {NULL,   "",	     ",",      "nothing",   "userns2",
					    "user", "linux", "linux5", "linux99.0", "landlock9"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		say(words[i]);
		for (int id = 0; id < CD_MECHANISM_COUNT; id++)
			cr_expect_not(cd_without((enum cd_mechanism)id), "%s: %s",
				      words[i] ? words[i] : "(unset)", cd_mechanisms[id].name);
	}
}

Test(without, each_by_its_name)
{
	for (int id = 0; id < CD_MECHANISM_COUNT; id++) {
		say(cd_mechanisms[id].name);
		cr_expect(cd_without((enum cd_mechanism)id), "%s", cd_mechanisms[id].name);
	}
	say("shim,sync_wakeup");
	cr_expect(cd_without(CD_SYNC_WAKEUP));
	cr_expect_not(cd_without(CD_KILLABLE_RECV));
	cr_expect(cd_without_name("shim"));
	cr_expect_not(cd_without_name("musl"));
}

Test(without, a_revision_of_landlock_takes_the_later_ones_along)
{
	say("landlock");
	cr_expect(cd_without(CD_LANDLOCK) && cd_without(CD_LANDLOCK_REFER) &&
		  cd_without(CD_LANDLOCK_IOCTL));
	say("landlock3");
	cr_expect_not(cd_without(CD_LANDLOCK) || cd_without(CD_LANDLOCK_REFER));
	cr_expect(cd_without(CD_LANDLOCK_NET) && cd_without(CD_LANDLOCK_IOCTL));
	cr_expect_not(cd_without(CD_USERNS) || cd_without(CD_SYNC_WAKEUP));
}

Test(without, a_version_of_linux_takes_all_that_came_after_it)
{
	say("linux5.15");
	for (int id = 0; id < CD_MECHANISM_COUNT; id++)
		cr_expect_eq(cd_without((enum cd_mechanism)id),
			     cd_mechanisms[id].major * 100 + cd_mechanisms[id].minor > 515, "%s",
			     cd_mechanisms[id].name);
	say("shim,linux6.6");
	cr_expect_not(cd_without(CD_SYNC_WAKEUP));
	cr_expect(cd_without(CD_PIDFD_THREAD));
}
