/* Addresses and the networks that hold them. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/network.h"

#include <arpa/inet.h>

#define V4_BITS 96     /* in front of a mapped address */
#define CLIENT_BITS 64 /* of an IPv6 address */

static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};

bool network_is_v4(const uint8_t address[16])
{
    return memcmp(address, v4_mapped, sizeof v4_mapped) == 0;
}

bool network_address(uint8_t out[16], struct slice text)
{
    char copy[INET6_ADDRSTRLEN];

    if (!text.len || text.len >= sizeof copy || memchr(text.at, '\0', text.len))
        return false;
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET, copy, out + sizeof v4_mapped) == 1) {
        memcpy(out, v4_mapped, sizeof v4_mapped);
        return true;
    }
    return inet_pton(AF_INET6, copy, out) == 1;
}

void network_address_text(char *out, const uint8_t address[16])
{
    if (network_is_v4(address))
        inet_ntop(AF_INET, address + sizeof v4_mapped, out, INET6_ADDRSTRLEN);
    else
        inet_ntop(AF_INET6, address, out, INET6_ADDRSTRLEN);
}

struct network network_of(const uint8_t address[16], uint8_t bits)
{
    struct network n = {.bits = bits};

    memcpy(n.address, address, bits / 8);
    if (bits % 8)
        n.address[bits / 8] = (uint8_t)(address[bits / 8] & 0xff << (8 - bits % 8));
    return n;
}

struct network network_of_client(const uint8_t address[16])
{
    return network_of(address, network_is_v4(address) ? 128 : CLIENT_BITS);
}

bool network_has(const struct network *n, const uint8_t address[16])
{
    struct network other = network_of(address, n->bits);

    return memcmp(other.address, n->address, sizeof n->address) == 0;
}

int network_parse(struct network *out, const char *text, struct err *e)
{
    struct slice bits = slice_of(text), front = slice_cut(&bits, '/');
    bool whole = front.len == strlen(text);
    uint64_t number = 128;
    uint8_t address[16];

    if (!network_address(address, front))
        return err_set(e, ERR_MALFORMED, "\"%.60s\" is not an address", text);
    if (!whole) {
        uint64_t most = network_is_v4(address) ? 128 - V4_BITS : 128;

        if (!str_number(&number, bits, most))
            return err_set(e, ERR_MALFORMED, "\"%.60s\" needs 0 to %d bits behind its /", text, (int)most);
        number += 128 - most;
    }
    *out = network_of(address, (uint8_t)number);
    return 0;
}
