/* Addresses and the networks that hold them. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BASE_NETWORK_H
#define BASE_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* IPv4 is mapped into IPv6 (::ffff:a.b.c.d), network order. Pure. */
struct network {
    uint8_t address[16]; /* what is behind `bits` is zero */
    uint8_t bits;        /* 0 to 128; 96 and more for IPv4 */
};

/* "192.0.2.1" or "2001:db8::1", without port or brackets; false for everything else. */
bool network_address(uint8_t out[16], struct slice text);

/* Writes it as that; at most INET6_ADDRSTRLEN bytes with the NUL. */
void network_address_text(char *out, const uint8_t address[16]);

/* An address, or one with "/bits". Errors: ERR_MALFORMED. */
int network_parse(struct network *out, const char *text, struct err *e) ERR_CHECKED;

/* The network of `bits` bits that the address is in. */
struct network network_of(const uint8_t address[16], uint8_t bits);
bool network_has(const struct network *n, const uint8_t address[16]);
/* Those who count as one client with it: an IPv4 address is one, of IPv6 64 bits are what one subscriber gets. */
struct network network_of_client(const uint8_t address[16]);
/* Whether it is an IPv4 address. */
bool network_is_v4(const uint8_t address[16]);

#endif
