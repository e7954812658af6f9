/* Names of images, builds and users. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PROVIDER_NAME_H
#define PROVIDER_NAME_H

#include <stdbool.h>

/* Pure; the vectors of contract 3.5 and 5.1 hold. All three are lower case and bounded. */
#define NAME_IMAGE_MAX 511
#define NAME_BUILD_MAX 63
#define NAME_USER_FRONT_MAX 33 /* "binderhub-ci-re-imal-dockerfile-": a user name without its 8 random characters */

/* prefix + slug and hash + ":" + ref. False when it does not fit. */
bool name_image(char out[NAME_IMAGE_MAX + 1], const char *prefix, const char *slug, const char *ref);
void name_build(char out[NAME_BUILD_MAX + 1], const char *slug, const char *ref);
/* With its trailing '-'; all characters are letters, digits, '-', '_', '.' or '~'; others become '-'. */
void name_user_front(char out[NAME_USER_FRONT_MAX + 1], const char *repo_url);

#endif
