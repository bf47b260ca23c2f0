/* Where what a space sees is outside: by the plan of its view. */
#ifndef CORDON_CLI_OUTSIDE_H
#define CORDON_CLI_OUTSIDE_H

#include "audit/record.h"
#include "cordon/plan.h"
#include "lib/buf.h"

struct outside;
/* The plan is borrowed. NULL: out of memory. */
struct outside *outside_new(const struct cd_plan *plan);
void outside_free(struct outside *outside);

/* Of a path in normal form; out, empty before, holds it where it is elsewhere. */
enum audit_outside outside_find(const struct outside *outside, const char *path, size_t len,
				struct cd_buf *out);

#endif
