/*
 * The chain of a log: each line's hash goes into the next one's, so that a line that was changed,
 * taken out, put in or moved shows. docs/audit.md says exactly how.
 */
#ifndef CORDON_AUDIT_CHAIN_H
#define CORDON_AUDIT_CHAIN_H

#include <stdbool.h>
#include <stddef.h>

#define AUDIT_HASH_LEN 32 /* hexadecimal characters */

/* Not terminated. */
struct audit_hash {
	char text[AUDIT_HASH_LEN];
};

/* Of what comes before a file's first line. */
extern const struct audit_hash audit_hash_none;

/* What stands between a line and its hash, and what follows that. */
#define AUDIT_SEAL     ",\"h\":\""
#define AUDIT_SEAL_END "\"}\n"
#define AUDIT_SEAL_LEN (sizeof(AUDIT_SEAL) - 1 + AUDIT_HASH_LEN + sizeof(AUDIT_SEAL_END) - 1)

/*
 * *hash becomes that of the line which follows the one that it was of. The line is without its
 * seal.
 */
void audit_chain_next(struct audit_hash *hash, const char *line, size_t len);

/* BLAKE2b-256 of anything, in hexadecimal, terminated. */
#define AUDIT_DIGEST_SIZE 65
void audit_digest(const void *bytes, size_t len, char text[AUDIT_DIGEST_SIZE]);

#endif
