/* What the configuration says to the gateway. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "front.h"

#include <stdio.h>

/* The gateway's limits by enum wire_setting. */
static void read_settings(int64_t settings[WIRE_SETTINGS], const struct conf *c)
{
    wire_settings_start(settings);
    settings[WIRE_SETTING_HEAD_MAX] = c->head_limit;
    settings[WIRE_SETTING_PORTAL_BODY_MAX] = c->portal_body_limit;
    settings[WIRE_SETTING_SESSION_BODY_MAX] = c->session_body_limit;
    settings[WIRE_SETTING_HEAD_MS] = c->head_timeout;
    settings[WIRE_SETTING_KEEP_ALIVE_MS] = c->client_idle_timeout;
    settings[WIRE_SETTING_STALL_MS] = c->stall_timeout;
    settings[WIRE_SETTING_ANSWER_MS] = c->answer_timeout;
    settings[WIRE_SETTING_TUNNEL_IDLE_MS] = c->websocket_timeout;
    settings[WIRE_SETTING_CONNECT_MS] = c->connect_timeout;
    settings[WIRE_SETTING_DAEMON_WAIT_MS] = c->daemon_wait;
    settings[WIRE_SETTING_ACTIVITY_MS] = c->activity_every;
    settings[WIRE_SETTING_CONNECTIONS_MAX] = c->client_limit;
    settings[WIRE_SETTING_WAKE_MS] = c->wake_timeout;
    settings[WIRE_SETTING_PACE_MIN] = c->client_minimum_rate;
    settings[WIRE_SETTING_CLIENT_CONNECTIONS] = c->client_connection_limit;
    settings[WIRE_SETTING_CLIENT_RATE] = c->client_request_rate;
    settings[WIRE_SETTING_CLIENT_BURST] = c->client_request_burst;
}

static int read_proxies(struct wire_proxies *out, const struct conf *c, struct err *e)
{
    struct err why;

    for (char *const *text = c->trusted_proxies; *text; text++) {
        if (str_is(*text, "unix")) {
            out->unix_peers = true;
            continue;
        }
        if (out->count == WIRE_PROXIES_MAX)
            return err_set(e, ERR_CONF_MALFORMED, "trusted_proxies: there are more than %d networks", WIRE_PROXIES_MAX);
        if (network_parse(&out->list[out->count++], *text, &why) < 0)
            return err_set(
                e, ERR_CONF_MALFORMED,
                "trusted_proxies: %.200s; give an address, a network such as 10.1.0.0/16, or `unix`; each has a "
                "line of its own",
                why.text);
    }
    return 0;
}

int front_read(struct session_gateway *out, const struct conf *c, const char *portal_url, struct err *e)
{
    size_t len = strlen(portal_url);

    *out = (struct session_gateway){0};
    read_settings(out->settings, c);
    /* One that cannot stand in a link is left out: the pages then have none. */
    if (len < WIRE_TEXT_MAX && wire_text_is_plain(portal_url))
        snprintf(out->portal_url, sizeof out->portal_url, "%s%s", portal_url, str_ends(portal_url, "/") ? "" : "/");
    return read_proxies(&out->proxies, c, e);
}
