/* What an environment is called after: the hash of what it is made of. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BUILD_DIGEST_H
#define BUILD_DIGEST_H

#define DIGEST_BYTES 32 /* SHA-256 */
#define DIGEST_TEXT 65  /* 64 hex digits and a NUL */

/*
 * SHA-256 over the hash of the context's bytes that are posted, the base's image id and the build arguments (decisions
 * 23), each of the texts with a NUL behind it, so that none runs into the next. `args` ends with NULL. Pure.
 */
void digest_environment(char out[DIGEST_TEXT], const unsigned char context[DIGEST_BYTES], const char *base_id,
                        const char *const *args);

#endif
