/* What runs here: what /versions says. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FEDERATION_VERSIONS_H
#define FEDERATION_VERSIONS_H

/*
 * The JSON of contract 4.2, static and honest (product.md, Defaults): it names Ringbinder. There is no `builder`,
 * which would be the name of a repo2docker image.
 */
const char *versions_json(void);

#endif
