/*
 * What has been taken away from spaces while they run: `cordon revoke`.
 *
 * A page of text that the keeper alone can write, and that every monitor of the space and of those
 * within reads: each line is a space's path and a rule that denies. A monitor looks at the count
 * before it decides; what is new it compiles then. So what is revoked holds from the next message
 * on, for the space and all within it, whoever granted it. Nothing is ever taken back from the
 * page.
 */
#ifndef CORDON_CLI_REVOKED_H
#define CORDON_CLI_REVOKED_H

#include <stdbool.h>
#include <stdint.h>

#include "cordon/object.h"
#include "kernel/space.h"
#include "refmon/table.h"

#define REVOKED_MAX  64	  /* lines of one page */
#define REVOKED_TEXT 1024 /* bytes of one */

struct revoked_page;

/* In the keeper: a page that it can write, and nobody whom it forks; by *fd, the caller's, it can
 * be mapped for reading and no more. NULL: errno says why. */
struct revoked_page *revoked_new(int *fd);
/* In everybody else: for reading. NULL: errno says why. */
const struct revoked_page *revoked_map(int fd);

/*
 * Adds a line: rule is "OP:PATTERN", as of --deny. False, and why (static storage): it is no such
 * rule, or there is no room.
 */
bool revoked_add(struct revoked_page *page, const char *space, const char *rule, const char **why);

/* A layer for the chain that denies what was revoked from this space. Both are borrowed; NULL: out
 * of memory. */
struct kern_layer *revoked_layer(const struct revoked_page *page, const char *space);
/* Is it such a layer? */
bool revoked_is_layer(const struct kern_layer *layer);

/* Compiles one rule by itself; NULL, and why. The caller frees the table. */
struct mon_table *revoked_compile(const char *rule, const char **why);
/* Those of ops that the table's rules name for this object. */
uint64_t revoked_ops(const struct mon_table *table, uint64_t ops, const struct cd_object *object);

#endif
