/*
 * What has been taken away from spaces while they run: `cordon revoke`.
 *
 * Memory that the keeper alone can write, and that everybody reads who decides for the space and
 * for those within: monitors, their workers, the broker, the resolver. Each line is a space's path
 * and a rule that denies, as the keeper has compiled it: there is nothing to be made of it by whom
 * it binds. It holds from the next decision on, for the space and all within it, whoever granted
 * what it takes. Nothing is ever taken back.
 */
#ifndef CORDON_CLI_REVOKED_H
#define CORDON_CLI_REVOKED_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/network.h"
#include "cordon/object.h"
#include "kernel/space.h"
#include "refmon/table.h"

#define REVOKED_MAX   64    /* lines */
#define REVOKED_TEXT  1024  /* bytes of a rule */
#define REVOKED_TABLE 16384 /* bytes of one, compiled */

struct revoked_page;

/*
 * In the keeper: a page that it can write, and nobody whom it forks. *read: the same for reading,
 * there and in all whom it forks. NULL: errno says why.
 */
struct revoked_page *revoked_new(const struct revoked_page **read);

/*
 * Adds a line: rule is "OP:PATTERN", as of --deny. False, and why (static storage): it is no such
 * rule, or there is no room.
 */
bool revoked_add(struct revoked_page *page, const char *space, const char *rule, const char **why);

/* Those of ops that have been revoked from the network's space, for this object. */
uint64_t revoked_ops(const struct network *network, uint64_t ops, const struct cd_object *object);

/* Those of ops that have been, on every port of the object's host. */
uint64_t revoked_host(const struct network *network, uint64_t ops, const struct cd_object *object);

/* A layer for the chain that denies what was revoked from the network's space, which is borrowed.
 * NULL: out of memory. */
struct kern_layer *revoked_layer(const struct network *network);
/* Is it such a layer? */
bool revoked_is_layer(const struct kern_layer *layer);

/* Compiles one rule by itself; NULL, and why. The caller frees the table. */
struct mon_table *revoked_compile(const char *rule, const char **why);
/* Those of ops that the table's rules name for this object, or for a name of its address (names:
 * NULL, or what those are). */
uint64_t revoked_by(const struct mon_table *table, const struct mon_names *names, uint64_t ops,
		    const struct cd_object *object);

#endif
