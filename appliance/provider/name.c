/* Names of images, builds and users, letter for letter as every member of the federation makes them. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "provider/name.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>

#include "base/str.h"

#define SLUG_MAX 255
#define HASH_MAX 6    /* hex digits */
#define BUILD_SLUG 50 /* 63 - 6 - 6 - 1 (contract 3.5) */
#define BUILD_REF 6
#define BUILD_REF_HASH 2
#define USER_LONG 32
#define USER_END 15

static bool is_plain(char c)
{
    return (c & 0x80) == 0 && isalnum((unsigned char)c);
}

static void lower(char *text)
{
    for (; *text; text++)
        if ((*text & 0x80) == 0)
            *text = (char)tolower((unsigned char)*text);
}

/* At most `max` characters of `text` with each byte outside [A-Za-z0-9] as '-' and its hex digits, lower case. */
static size_t escape(char *out, size_t max, const char *text)
{
    size_t len = 0;

    for (; *text && len < max; text++) {
        char piece[4];

        if (is_plain(*text))
            snprintf(piece, sizeof piece, "%c", *text);
        else
            snprintf(piece, sizeof piece, "-%X", (unsigned char)*text);
        for (const char *c = piece; *c && len < max; c++)
            out[len++] = *c;
    }
    out[len] = '\0';
    lower(out);
    return len;
}

/* `limit` characters at most, the last of them '-' and `digits` hex digits of the unescaped text's hash. */
static void safe_slug(char out[SLUG_MAX + 1], const char *text, size_t limit, size_t digits)
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof hash + 1];
    size_t len = escape(out, limit - digits - 1, text);

    crypto_hash_sha256(hash, (const unsigned char *)text, strlen(text));
    str_hex(hex, hash, sizeof hash);
    snprintf(out + len, SLUG_MAX + 1 - len, "-%.*s", (int)digits, hex);
}

bool name_image(char out[NAME_IMAGE_MAX + 1], const char *prefix, const char *slug, const char *ref)
{
    char safe[SLUG_MAX + 1];
    int len;

    if (strlen(prefix) + HASH_MAX + 1 >= SLUG_MAX)
        return false;
    safe_slug(safe, slug, SLUG_MAX - strlen(prefix), HASH_MAX);
    len = snprintf(out, NAME_IMAGE_MAX + 1, "%s%s:%s", prefix, safe, ref);
    if (len > NAME_IMAGE_MAX)
        return false;
    for (char *c = out; *c; c++)
        if (*c == '_')
            *c = '-';
    lower(out);
    return true;
}

void name_build(char out[NAME_BUILD_MAX + 1], const char *slug, const char *ref)
{
    char safe[SLUG_MAX + 1], short_ref[SLUG_MAX + 1];

    safe_slug(safe, slug, BUILD_SLUG, HASH_MAX);
    safe_slug(short_ref, ref, BUILD_REF, BUILD_REF_HASH);
    snprintf(out, NAME_BUILD_MAX + 1, "build-%.*s-%.*s", BUILD_SLUG, safe, BUILD_REF, short_ref);
}

/* What urlparse() calls the path; of "git@host:path", what is behind the colon. */
static struct slice path_of(const char *url)
{
    const char *authority = strstr(url, "://"), *colon = strchr(url, ':'), *at = strchr(url, '@');
    struct slice path = slice_of(url);

    if (authority) {
        path.at = authority + 3 + strcspn(authority + 3, "/?#");
        path.len = strcspn(path.at, "?#");
    } else if (colon && at && at < colon) {
        path = slice_of(colon + 1);
    }
    while (path.len && path.at[0] == '/') {
        path.at++;
        path.len--;
    }
    while (path.len && path.at[path.len - 1] == '/')
        path.len--;
    return path;
}

void name_user_front(char out[NAME_USER_FRONT_MAX + 1], const char *repo_url)
{
    struct slice path = path_of(repo_url);
    size_t len = 0;

    if (path.len >= 4 && slice_is_nocase((struct slice){path.at + path.len - 4, 4}, ".git"))
        path.len -= 4;
    for (size_t i = 0; i < path.len; i++) {
        char c = path.at[i];

        if (path.len > USER_LONG && i == USER_END) {
            out[len++] = '-';
            i = path.len - USER_END;
            c = path.at[i];
        }
        out[len++] = is_plain(c) || (c && strchr("_.~", c)) ? c : '-';
    }
    out[len++] = '-';
    out[len] = '\0';
    lower(out);
}
