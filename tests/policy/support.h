/* Policies from text, in a folder that lasts as long as the test. */
#ifndef CORDON_TESTS_POLICY_SUPPORT_H
#define CORDON_TESTS_POLICY_SUPPORT_H

#include "policy/policy.h"

/* HOME=/home/u CWD=/home/u/work TMP=/tmp PROGRAM=/opt/prog UID=1000: none exists, so none is
 * resolved. */
extern const struct pol_vars test_vars;

/* The folder, made on first use; removed when the test's process ends normally. */
const char *test_dir(void);
/* Writes a file into it and returns its path; storage lasts. */
const char *write_file(const char *name, const char *text, size_t len);
const char *write_text(const char *name, const char *text);

/* A draft that must come to be. */
struct pol_draft *new_draft(void);
/* Reads the text as a policy file "policy.json", which must succeed, and finishes. */
struct pol_policy *policy_of(const char *text);
/* Reads the text as a policy file, which must fail with CD_EINVAL or CD_ELIMIT. */
struct pol_error error_of(const char *text);
/* Adds flags ("allow-read=/x", NULL-terminated) to an empty draft and finishes. */
struct pol_policy *policy_of_flags(const char *flag, ...) __attribute__((sentinel));
/* The error of one flag. */
struct pol_error flag_error(const char *name, const char *value);

/* The error names the line, the pointer, and part of the problem and of the remedy; "" matches
 * anything. */
void check_error(const struct pol_error *error, unsigned line, const char *pointer,
		 const char *problem, const char *remedy);
/* The verdict on "fs.read /x". */
enum mon_verdict policy_verdict(const struct pol_policy *policy, const char *question);

#endif
