/* A table in one call, and a decision in another. */
#ifndef CORDON_TESTS_REFMON_SUPPORT_H
#define CORDON_TESTS_REFMON_SUPPORT_H

#include "refmon/table.h"

/* "allow fs.read /usr/bin": verdict, operation, pattern; "protect PATH". The list ends with NULL.
 */
struct mon_table *table_of(const char *rule, ...) __attribute__((sentinel));

/* The verdict on "fs.read /usr/bin". Fails the test when the object is not valid. */
enum mon_verdict verdict(const struct mon_table *table, const char *question);
/* The same, whole. */
struct mon_decision decide(const struct mon_table *table, const char *question);

#endif
