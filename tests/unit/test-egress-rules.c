/* Which addresses a fetch is let through to, and which text nftables gets. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "engine/egress_rules.h"

#include "tap.h"

static struct buf rules = BUF_OF(EGRESS_RULES_MAX);

static const char *allowed(const char *address)
{
    static struct err e;

    buf_clear(&rules);
    return egress_rules_allow(&rules, address, &e) == 0 ? buf_text(&rules) : e.text;
}

static const char *resolvers(const char *resolv_conf)
{
    buf_clear(&rules);
    egress_rules_resolvers(&rules, resolv_conf);
    return buf_text(&rules);
}

static const char *proxy(const char *url)
{
    buf_clear(&rules);
    egress_rules_proxy(&rules, url);
    return buf_text(&rules);
}

static void exceptions(void)
{
    static const char *const wrong[] = {"",
                                        "127.0.0.1",
                                        "host:80",
                                        "127.0.0.1:99999999",
                                        "127.0.0.1:80 accept",
                                        "127.0.0.1:80\n\t\taccept",
                                        "10.0.0.0/8:80",
                                        "[::1]"};
    struct err e;

    is(allowed("127.0.0.1:9418"), "\t\tip daddr 127.0.0.1 tcp dport 9418 accept\n", "an address and a port");
    is(allowed("[fd00::1]:443"), "\t\tip6 daddr fd00::1 tcp dport 443 accept\n", "the same of version 6");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ok(egress_rules_allow(&rules, wrong[i], &e) < 0 && e.code == ERR_CONF_MALFORMED, "%zu: %s is none", i,
           wrong[i]);
}

static void surroundings(void)
{
    is(resolvers("# nameserver 1.1.1.1\nsearch a\nnameserver\t10.0.0.53 # x\nnameserver fe80::1%lo\nnameserver x\n"),
       "\t\tip daddr 10.0.0.53 meta l4proto { tcp, udp } th dport 53 accept\n"
       "\t\tip6 daddr fe80::1 meta l4proto { tcp, udp } th dport 53 accept\n",
       "resolvers on their port, without an interface");
    is(resolvers(""), "\t\tip daddr 127.0.0.1 meta l4proto { tcp, udp } th dport 53 accept\n",
       "without one it is this machine (resolv.conf(5))");
    is(proxy("http://10.0.0.8:3128/"), "\t\tip daddr 10.0.0.8 tcp dport 3128 accept\n", "a proxy");
    is(proxy("user:word@10.0.0.8:3128"), "\t\tip daddr 10.0.0.8 tcp dport 3128 accept\n", "without a scheme");
    is(proxy("https://a@b@[fd00::8]"), "\t\tip6 daddr fd00::8 tcp dport 443 accept\n", "without a port");
    is(proxy("10.0.0.8"), "\t\tip daddr 10.0.0.8 tcp dport 1080 accept\n", "with neither");
    is(proxy(""), "", "no proxy");
    is(proxy("http://"), "", "no proxy, either");
    is(proxy("http://10.0.0.8:80 accept"), "", "what is no port is no rule");
}

static void table(void)
{
    const struct egress_settings s = {.instance = "0123abcd", .fetch_uid = 4294967294};
    struct buf text = BUF_OF(EGRESS_RULES_MAX);
    const char *refuse, *let;

    egress_rules_table(&text, &s, "\t\tip daddr 127.0.0.1 tcp dport 1 accept\n");
    ok(strstr(buf_text(&text), "delete table inet ringbinder_0123abcd\n"), "the table is replaced whole");
    ok(strstr(buf_text(&text), "meta skuid 4294967294 jump fetch"), "for the fetch user alone");
    let = strstr(buf_text(&text), "dport 1 accept");
    refuse = strstr(buf_text(&text), "goto refuse");
    ok(let && refuse && let < refuse, "exceptions stand before what they are exceptions of");
    buf_free(&text);
}

int main(void)
{
    exceptions();
    surroundings();
    table();
    buf_free(&rules);
    return tap_end();
}
