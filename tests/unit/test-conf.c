/* The configuration: defaults, how values are written, and what is refused, with file and line. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "conf.h"
#include "tap.h"
#include "wire/wire.h"

static char folder[] = "/tmp/ringbinder-conf-XXXXXX";

static char *path_of(const char *name)
{
    return mem_format("%s/%s", folder, name);
}

static void write_bytes(const char *name, const char *bytes, size_t len)
{
    cleanup_free char *path = path_of(name);
    cleanup_file FILE *file = fopen(path, "we");

    fwrite(bytes, 1, len, file);
}

static void write_conf(const char *text)
{
    write_bytes("ringbinder.conf", text, strlen(text));
}

static int read_conf(struct conf *c, struct err *e)
{
    cleanup_free char *path = path_of("ringbinder.conf");

    return conf_read(c, path, e);
}

/* What is said behind the folder's name; "" when the file is taken. */
static const char *refusal(const char *text)
{
    static struct err e;
    struct conf c;

    write_conf(text);
    e.text[0] = '\0';
    if (read_conf(&c, &e) == 0)
        e.text[0] = '\0';
    conf_free(&c);
    return strncmp(e.text, folder, strlen(folder)) == 0 ? e.text + strlen(folder) + 1 : e.text;
}

static void defaults_are_those_of_the_contract(void)
{
    struct conf c;
    struct err e;

    if (!ok(conf_read(&c, NULL, &e) == 0, "without a file there is a whole configuration"))
        printf("# %s\n", e.text);
    is(c.portal_listen, "127.0.0.1:8585", "the portal");
    is(c.image_prefix, "ringbinder/i-", "images are called as the federation calls them");
    is_number(c.retries, 4, "contract 2.11: four attempts");
    is_number(c.retry_delay, 4000, "contract 2.11: 4 s, doubling");
    is_number(c.keepalive, 25000, "contract 2.1: a keepalive every 25 s");
    is_number(c.linger, 60000, "contract 2.3: 60 s after a new build");
    is_number(c.resolve_keep, 3000, "decisions 34: an answer is kept for 3 s");
    is_number(c.idle_limit, 600000, "decisions 14: idle 600 s");
    is_number(c.age_limit, 6 * 3600000, "decisions 14: age 6 h");
    is_number(c.idle_grace, 60000, "decisions 6: 60 s after a start of the daemon");
    is_number(c.sweep, 10000, "house 2: every 10 s");
    is_number(c.health_hold, 90000, "decisions 35: 90 s of good");
    is_number(c.history_keep, 30LL * 86400000, "what is over is remembered for 30 days");
    is_number(c.build_max_age, 3600000, "decisions 14: a build takes 1 h at most");
    is_number(c.mem_limit, 2LL << 30, "decisions 14: 2 GiB");
    is_number(c.mem_guarantee, 450LL << 20, "decisions 14: 450 MiB");
    is_number(c.cpu_limit, 1000, "decisions 14: 1 CPU");
    ok(c.jupyter_args && !c.jupyter_args[0], "a list is empty");
    conf_free(&c);
}

/* The gateway has limits before the daemon tells it ours; where nobody set one, both are the same. */
static void the_gateways_defaults_are_its_own(void)
{
    int64_t own[WIRE_SETTINGS];
    struct conf c;
    struct err e;

    wire_settings_start(own);
    ok(conf_read(&c, NULL, &e) == 0, "the defaults");
    is_number(c.head_limit, own[WIRE_SETTING_HEAD_MAX], "heads");
    is_number(c.portal_body_limit, own[WIRE_SETTING_PORTAL_BODY_MAX], "bodies for the portal");
    is_number(c.session_body_limit, own[WIRE_SETTING_SESSION_BODY_MAX], "bodies for sessions");
    is_number(c.head_timeout, own[WIRE_SETTING_HEAD_MS], "the time of a head");
    is_number(c.client_idle_timeout, own[WIRE_SETTING_KEEP_ALIVE_MS], "idle clients");
    is_number(c.stall_timeout, own[WIRE_SETTING_STALL_MS], "slow clients");
    is_number(c.answer_timeout, own[WIRE_SETTING_ANSWER_MS], "silent servers");
    is_number(c.websocket_timeout, own[WIRE_SETTING_TUNNEL_IDLE_MS], "idle WebSockets");
    is_number(c.connect_timeout, own[WIRE_SETTING_CONNECT_MS], "reaching a server");
    is_number(c.daemon_wait, own[WIRE_SETTING_DAEMON_WAIT_MS], "waiting for the daemon");
    is_number(c.activity_every, own[WIRE_SETTING_ACTIVITY_MS], "reports of activity");
    is_number(c.client_limit, own[WIRE_SETTING_CONNECTIONS_MAX], "clients at a time");
    conf_free(&c);
}

static void values_have_units(void)
{
    struct conf c;
    struct err e;

    write_conf("# a comment\n\n; another\nidle_limit = 90\nsweep=250ms\nage_limit=2d\nmem_limit = 1T\n"
               "cpu_limit=500m\nprocess_limit=64\njupyter_args=--a=1\njupyter_args=--b\nhub_url=\n");
    if (!ok(read_conf(&c, &e) == 0, "a file of keys is taken"))
        printf("# %s\n", e.text);
    is_number(c.idle_limit, 90000, "a time alone is seconds");
    is_number(c.sweep, 250, "milliseconds");
    is_number(c.age_limit, 172800000, "days");
    is_number(c.mem_limit, 1LL << 40, "a size");
    is_number(c.cpu_limit, 500, "half a processor");
    is(c.jupyter_args[0], "--a=1", "a list has its values in order");
    is(c.jupyter_args[1], "--b", "a list's key stands once for each value");
    ok(!c.jupyter_args[2], "and ends there");
    is(c.hub_url, "", "a text may be empty");
    conf_free(&c);
}

static void faults_have_file_and_line(void)
{
    char line[300];

    is(refusal("# one\nidel_limit=1m\n"), "ringbinder.conf:2: there is no key idel_limit; idle_limit is one",
       "an unknown key is refused with the one that was meant");
    is(refusal("zzz=1\n"), "ringbinder.conf:1: there is no key zzz; `ringbinderd --show-config` has them all",
       "or with where they are");
    is(refusal("idle_limit=soon\n"),
       "ringbinder.conf:1: idle_limit: soon is not a time, such as 250ms, 10s, 5m, 6h or 1d", "no time");
    is(refusal("idle_limit=5w\n"), "ringbinder.conf:1: idle_limit: 5w is not a time, such as 250ms, 10s, 5m, 6h or 1d",
       "no unit of time");
    is(refusal("idle_limit=-1\n"), "ringbinder.conf:1: idle_limit: -1 is not a time, such as 250ms, 10s, 5m, 6h or 1d",
       "nothing is negative");
    is(refusal("idle_limit=8d\n"), "ringbinder.conf:1: idle_limit: 8d is not between 1s and 7d", "too much");
    is(refusal("idle_limit=99999999999999999999d\n"),
       "ringbinder.conf:1: idle_limit: 99999999999999999999d is not between 1s and 7d", "far too much");
    is(refusal("mem_limit=1M\n"), "ringbinder.conf:1: mem_limit: 1M is not between 64M and 1T", "too little");
    is(refusal("portal_listen=\n"), "ringbinder.conf:1: portal_listen: it has 3 to 63 bytes, not 0", "no text");
    is(refusal("sweep=1s\nsweep=2s\n"), "ringbinder.conf:2: sweep stands already in line 1", "the same key twice");
    is(refusal("[peer \"x\"]\nsweep=1s\n"),
       "ringbinder.conf:2: there is no section [peer \"x\"]; keys stand above the first section", "a section");
    is(refusal("just words\n"), "ringbinder.conf:1: a line is key=value, [section], or a comment behind #", "prose");
    memset(line, 'x', sizeof line);
    memcpy(line, "hub_url=", 8);
    strcpy(line + 191, "\n");
    is(refusal(line), "ringbinder.conf:1: a line has at most 190 bytes", "a long line, which inih would cut in two");
}

static void what_inih_would_take_silently_is_refused(void)
{
    is(refusal("jupyter_args=--a\n  --b\n"),
       "ringbinder.conf:2: a line does not begin with a blank: a list's key is written once for each of its values",
       "a line that begins with a blank");
    is(refusal("hub_url=http://x/ ; mine\n"),
       "ringbinder.conf:1: a ; behind a blank would cut the value off here: leave it out", "a comment behind a value");
    is(refusal("hub_url=http://x/\t; mine\n"),
       "ringbinder.conf:1: a ; behind a blank would cut the value off here: leave it out", "behind a tab, too");
    is(refusal("[aaaaaaaaaabbbbbbbbbbccccccccccddddddddddx]\n"),
       "ringbinder.conf:1: the name of a section has at most 40 bytes", "a long section's name");
    is(refusal("hub_url=http://x/;y\n"), "", "a ; in a value is taken");
    write_bytes("ringbinder.conf", "sweep=1s\0x\n", 11);
    {
        struct conf c;
        struct err e;

        ok(read_conf(&c, &e) < 0 && strstr(e.text, ":1: there is a NUL in this line"), "a NUL");
        conf_free(&c);
    }
}

static void later_files_replace(void)
{
    cleanup_free char *drop_ins = path_of("conf.d");
    struct conf c;
    struct err e;

    mkdir(drop_ins, 0755);
    write_conf("sweep=1s\njupyter_args=--main\n");
    write_bytes("conf.d/10-first.conf", "sweep=2s\n", 9);
    write_bytes("conf.d/20-second.conf", "sweep=3s\njupyter_args=--second\n", 31);
    write_bytes("conf.d/30-ignored.txt", "nonsense", 8);
    if (!ok(read_conf(&c, &e) == 0, "files of conf.d are read"))
        printf("# %s\n", e.text);
    is_number(c.sweep, 3000, "in the order of their names, and a later one replaces");
    is(c.jupyter_args[0], "--second", "a list of a later file replaces the whole list");
    ok(!c.jupyter_args[1], "and nothing of the earlier one stays");
    conf_free(&c);
    write_bytes("conf.d/40-wrong.conf", "sweep=1s\nx=1\n", 13);
    ok(read_conf(&c, &e) < 0 && strstr(e.text, "conf.d/40-wrong.conf:2: "), "its faults name that file");
    conf_free(&c);
}

/* What is shown is a file that means the same. */
static void showing_and_reading_are_one(void)
{
    cleanup_free char *text = NULL, *again = NULL;
    size_t len, len_again;
    struct conf c;
    struct err e;
    FILE *to;

    write_conf("idle_limit=90s\nlinger=0\ncpu_limit=1500m\nmem_limit=1536M\njupyter_args=--a\njupyter_args=--b\n");
    ok(read_conf(&c, &e) == 0, "a configuration");
    to = open_memstream(&text, &len);
    conf_show(&c, to);
    fclose(to);
    conf_free(&c);
    write_conf(text);
    if (!ok(read_conf(&c, &e) == 0, "what is shown can be read"))
        printf("# %s\n", e.text);
    to = open_memstream(&again, &len_again);
    conf_show(&c, to);
    fclose(to);
    conf_free(&c);
    is(again, text, "and means the same");
    ok(strstr(text, "\nidle_limit=90s\n") && strstr(text, "\ncpu_limit=1500m\n"), "in the unit that is whole");
}

static void note_fault(void *arg, const struct err *e)
{
    char *text = arg;
    size_t len = strlen(text);

    snprintf(text + len, 512 - len, "%s\n", e->text + strlen(folder) + 1);
}

static void every_fault_is_told(void)
{
    char text[512] = "";
    struct conf c;
    cleanup_free char *path = path_of("ringbinder.conf");

    write_conf("idle_limit=soon\nsweep=1s\n blank=1\nnope\nsweep=2s\n");
    conf_read_all(&c, path, note_fault, text);
    is(text,
       "ringbinder.conf:1: idle_limit: soon is not a time, such as 250ms, 10s, 5m, 6h or 1d\n"
       "ringbinder.conf:3: a line does not begin with a blank: a list's key is written once for each of its values\n"
       "ringbinder.conf:4: a line is key=value, [section], or a comment behind #\n"
       "ringbinder.conf:5: sweep stands already in line 2\n",
       "who wants all faults gets all, each with its line");
    is_number(c.sweep, 1000, "and what is right");
    is_number(c.idle_limit, 600000, "with the default for what is wrong");
    conf_free(&c);
}

static void keys_know_where_they_were_set(void)
{
    struct conf c;
    struct err e;

    write_conf("# one\nidle_limit=90s\njupyter_args=--a\njupyter_args=--b\n");
    ok(read_conf(&c, &e) == 0, "a configuration");
    err_set(&e, ERR_CONF_MALFORMED, "idle_limit: too short");
    conf_say_place(&c, &e);
    is(e.text + strlen(folder), "/ringbinder.conf:2: idle_limit: too short", "a key has its file and line");
    err_set(&e, ERR_CONF_MALFORMED, "jupyter_args: odd");
    conf_say_place(&c, &e);
    is(e.text + strlen(folder), "/ringbinder.conf:3: jupyter_args: odd", "a list those of its first value");
    err_set(&e, ERR_CONF_MALFORMED, "age_limit: odd");
    conf_say_place(&c, &e);
    is(e.text, "age_limit: odd", "a default none");
    conf_free(&c);
}

static void a_missing_file_is_said(void)
{
    struct conf c;
    struct err e;

    ok(conf_read(&c, "/nonexistent/ringbinder.conf", &e) < 0 && e.code == ERR_CONF_UNREADABLE,
       "a file that is not there is an error");
    conf_free(&c);
}

int main(void)
{
    char *remove;

    if (!mkdtemp(folder))
        return 1;
    defaults_are_those_of_the_contract();
    the_gateways_defaults_are_its_own();
    values_have_units();
    faults_have_file_and_line();
    what_inih_would_take_silently_is_refused();
    showing_and_reading_are_one();
    every_fault_is_told();
    keys_know_where_they_were_set();
    later_files_replace();
    a_missing_file_is_said();
    remove = mem_format("rm -rf %s", folder);
    if (system(remove) != 0)
        printf("# %s is still there\n", folder);
    free(remove);
    return tap_end();
}
