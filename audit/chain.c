/* The chain of a log. */
#include "audit/chain.h"

#include <sodium/crypto_generichash_blake2b.h>
#include <string.h>

const struct audit_hash audit_hash_none = {{'0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0',
					    '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0',
					    '0', '0', '0', '0', '0', '0', '0', '0', '0', '0'}};

static void put_hex(char *text, const unsigned char *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*text++ = digits[bytes[i] >> 4];
		*text++ = digits[bytes[i] & 15];
	}
}

void audit_chain_next(struct audit_hash *hash, const char *line, size_t len)
{
	unsigned char out[AUDIT_HASH_LEN / 2];
	crypto_generichash_blake2b_state state;

	crypto_generichash_blake2b_init(&state, NULL, 0, sizeof(out));
	crypto_generichash_blake2b_update(&state, (const unsigned char *)hash->text,
					  sizeof(hash->text));
	crypto_generichash_blake2b_update(&state, (const unsigned char *)line, len);
	crypto_generichash_blake2b_final(&state, out, sizeof(out));
	put_hex(hash->text, out, sizeof(out));
}

void audit_digest(const void *bytes, size_t len, char text[AUDIT_DIGEST_SIZE])
{
	unsigned char out[(AUDIT_DIGEST_SIZE - 1) / 2];

	crypto_generichash_blake2b(out, sizeof(out), bytes, len, NULL, 0);
	put_hex(text, out, sizeof(out));
	text[AUDIT_DIGEST_SIZE - 1] = '\0';
}
