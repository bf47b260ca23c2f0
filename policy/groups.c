/*
 * The built-in groups: policy/groups/NAME.json, carried in the program as they are, so that what
 * `cordon policy groups` shows is what was reviewed. Paths are from the repository's root, where
 * make runs.
 */
#include "policy/policy.h"

#define POL_GROUP(id, name)                                                                        \
	__asm__(".pushsection .rodata\n"                                                           \
		".hidden pol_group_" #id "\n"                                                      \
		".global pol_group_" #id "\n"                                                      \
		"pol_group_" #id ":\n"                                                             \
		".incbin \"policy/groups/" name ".json\"\n"                                        \
		".byte 0\n"                                                                        \
		".popsection\n");                                                                  \
	extern const char pol_group_##id[] __attribute__((visibility("hidden")));
#include "policy/groups.def"
#undef POL_GROUP

const struct pol_group pol_groups[] = {
#define POL_GROUP(id, name) {name, pol_group_##id},
#include "policy/groups.def"
#undef POL_GROUP
    {NULL, NULL}};
