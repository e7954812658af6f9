/* What is wrong in a configuration whose keys are each right by themselves. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "judge.h"

#include "base/fd.h"
#include "engine/egress.h"
#include "front.h"

static int check_listen(const char *key, const char *text, struct err *e)
{
    struct sockaddr_storage address;
    socklen_t len;
    struct err why;

    if (fd_address(&address, &len, text, &why) == 0)
        return 0;
    return err_set(e, ERR_CONF_MALFORMED, "%s: %s", key, why.text);
}

/* It goes into links, redirects and pages. */
static int check_url(const char *key, const char *text, struct err *e)
{
    const char *scheme = str_starts(text, "https://") ? "https://" : "http://";
    size_t len = strlen(scheme);

    if (!*text || (str_starts(text, scheme) && text[len] && text[len] != '/' && wire_text_is_plain(text)))
        return 0;
    return err_set(e, ERR_CONF_MALFORMED, "%s: %.190s is no URL such as https://binder.example.org/", key, text);
}

/* An engine makes no container of which more memory is kept than it may have. */
static int check_memory(const struct conf *c, struct err *e)
{
    if (c->mem_guarantee <= c->mem_limit)
        return 0;
    return err_set(e, ERR_CONF_MALFORMED, "mem_guarantee: it is larger than mem_limit, which is %lld bytes",
                   (long long)c->mem_limit);
}

static int check_addresses(const struct conf *c, struct err *e)
{
    if (check_listen("portal_listen", c->portal_listen, e) < 0 ||
        check_listen("sessions_listen", c->sessions_listen, e) < 0)
        return -1;
    if (check_url("portal_url", c->portal_url, e) < 0 || check_url("hub_url", c->hub_url, e) < 0)
        return -1;
    return check_url("badge_base_url", c->badge_base_url, e);
}

int conf_judge(const struct conf *c, struct err *e)
{
    struct session_gateway gateway;

    if (check_addresses(c, e) == 0 && egress_check((const char *const *)c->fetch_allow, e) == 0 &&
        check_memory(c, e) == 0 && front_read(&gateway, c, c->portal_url, e) == 0)
        return 0;
    conf_say_place(c, e);
    return -1;
}
