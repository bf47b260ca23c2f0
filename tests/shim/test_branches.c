/* With indirect branch tracking, an indirect branch leads to an endbr64, or is notrack. */
#include <criterion/criterion.h>

#include "cordon/shim.h"
#include "shim/shim.h"

static const unsigned char endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};

/* Linux goes to an interpreter's entry point, and to a static program's. */
Test(shim_branches, an_entry_point_is_marked)
{
	cr_assert_arr_eq(shim_stub + CD_STUB_START - CD_HEAD_SIZE, endbr64, sizeof(endbr64));
}

/* The stub comes by a notrack call; whoever else calls it by its address may have another one. */
Test(shim_branches, the_shims_entry_is_marked)
{
	cr_assert_arr_eq(shim_image, endbr64, sizeof(endbr64));
}
