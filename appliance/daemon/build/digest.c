/* What an environment is called after: the hash of what it is made of. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "build/digest.h"

#include <sodium.h>
#include <string.h>

#include "base/str.h"

static void hash_text(crypto_hash_sha256_state *state, const char *text)
{
    crypto_hash_sha256_update(state, (const unsigned char *)text, strlen(text) + 1);
}

void digest_environment(char out[DIGEST_TEXT], const unsigned char context[DIGEST_BYTES], const char *base_id,
                        const char *const *args)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state state;

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, context, DIGEST_BYTES);
    hash_text(&state, base_id);
    for (size_t i = 0; args[i]; i++)
        hash_text(&state, args[i]);
    crypto_hash_sha256_final(&state, digest);
    str_hex(out, digest, sizeof digest);
}
