/* The text of the table that keeps fetch processes from private addresses. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/egress_rules.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"

#define HOST_MAX 253 /* bytes of a name (RFC 1035, section 2.3.4) */

/* Decisions 3. 127/8 and ::1 are among the local ones. */
#define PRIVATE_V4 "0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16"
#define PRIVATE_V6 "::ffff:0:0/96, 64:ff9b::/96, fc00::/7, fe80::/10"

enum what { TCP, DNS };

static void add_way(struct buf *rules, const struct sockaddr *to, enum what what)
{
    const struct sockaddr_in *v4 = (const void *)to;
    const struct sockaddr_in6 *v6 = (const void *)to;
    bool is_v4 = to->sa_family == AF_INET;
    char text[INET6_ADDRSTRLEN];
    unsigned port = ntohs(is_v4 ? v4->sin_port : v6->sin6_port);

    if (!is_v4 && to->sa_family != AF_INET6)
        return;
    inet_ntop(to->sa_family, is_v4 ? (const void *)&v4->sin_addr : &v6->sin6_addr, text, sizeof text);
    buf_add_format(rules, "\t\t%s daddr %s ", is_v4 ? "ip" : "ip6", text);
    if (what == DNS)
        buf_add_text(rules, "meta l4proto { tcp, udp } th dport 53 accept\n");
    else
        buf_add_format(rules, "tcp dport %u accept\n", port);
}

int egress_rules_allow(struct buf *rules, const char *address, struct err *e)
{
    struct sockaddr_storage to;
    socklen_t len;

    if (fd_address(&to, &len, address, e) < 0) {
        e->code = ERR_CONF_MALFORMED;
        return err_wrap(e, "fetch_allow");
    }
    add_way(rules, (const struct sockaddr *)&to, TCP);
    return 0;
}

static void add_named(struct buf *rules, const char *host, const char *port, enum what what)
{
    /* A resolver has no name. */
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICSERV | (what == DNS ? AI_NUMERICHOST : 0)};
    struct addrinfo *found;

    if (getaddrinfo(host, port, &hints, &found) != 0)
        return;
    for (const struct addrinfo *at = found; at; at = at->ai_next)
        add_way(rules, at->ai_addr, what);
    freeaddrinfo(found);
}

/* The first word of what is left of a line; *rest is what stands behind it. */
static struct slice word(struct slice *rest)
{
    struct slice found = {slice_trim(*rest).at, 0};

    *rest = slice_trim(*rest);
    while (found.len < rest->len && !strchr(" \t\r", found.at[found.len]))
        found.len++;
    *rest = slice_from(*rest, found.len);
    return found;
}

void egress_rules_resolvers(struct buf *rules, const char *resolv_conf)
{
    struct slice rest = slice_of(resolv_conf);
    bool any = false;

    while (rest.len) {
        struct slice line = slice_cut(&rest, '\n');
        cleanup_free char *address = NULL;
        struct slice found;

        if (!slice_is(word(&line), "nameserver"))
            continue;
        found = word(&line);
        address = mem_copy(found.at, found.len);
        add_named(rules, address, "53", DNS);
        any = true;
    }
    if (!any)
        add_named(rules, "127.0.0.1", "53", DNS);
}

/* curl's default is 1080 whatever the scheme, but for https (curl(1), --proxy). */
static const char *standard_port(const char *url)
{
    return str_starts(url, "https://") ? "443" : "1080";
}

void egress_rules_proxy(struct buf *rules, const char *url)
{
    const char *scheme = strstr(url, "://"), *at;
    struct slice rest = slice_of(scheme ? scheme + 3 : url), place = slice_cut(&rest, '/'), host;
    cleanup_free char *name = NULL, *port = NULL;

    at = memrchr(place.at, '@', place.len);
    if (at)
        place = slice_from(place, (size_t)(at + 1 - place.at));
    if (slice_starts(place, "[")) {
        place = slice_from(place, 1);
        host = slice_cut(&place, ']');
        slice_cut(&place, ':');
    } else {
        host = slice_cut(&place, ':');
    }
    if (!host.len || host.len > HOST_MAX)
        return;
    name = mem_copy(host.at, host.len);
    port = place.len ? mem_copy(place.at, place.len) : mem_string(standard_port(url));
    add_named(rules, name, port, TCP);
}

void egress_rules_table(struct buf *out, const struct egress_settings *s, const char *rules)
{
    /* Added before it is deleted, so that deleting never fails; all of it is one transaction. */
    buf_add_format(out, "add table inet ringbinder_%s\ndelete table inet ringbinder_%s\n", s->instance, s->instance);
    buf_add_format(out, "table inet ringbinder_%s {\n\tcounter refused { }\n", s->instance);
    /* A packet without a socket has no user: it matches no rule of these, so it goes on as it would have. */
    buf_add_format(out,
                   "\tchain output {\n\t\ttype filter hook output priority filter; policy accept;\n"
                   "\t\tmeta skuid %" PRIu32 " jump fetch\n\t}\n\tchain fetch {\n",
                   s->fetch_uid);
    buf_add_text(out, rules);
    buf_add_text(out, "\t\tfib daddr type { local, broadcast, multicast } goto refuse\n"
                      "\t\tip daddr { " PRIVATE_V4 " } goto refuse\n"
                      "\t\tip6 daddr { " PRIVATE_V6 " } goto refuse\n\t}\n");
    /* Reject, not drop: who asks hears it at once. */
    buf_add_text(out, "\tchain refuse {\n\t\tcounter name \"refused\"\n"
                      "\t\tmeta l4proto tcp reject with tcp reset\n"
                      "\t\treject with icmpx type admin-prohibited\n\t}\n}\n");
}
