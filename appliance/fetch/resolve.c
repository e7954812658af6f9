/* RESOLVE: from a spec to a commit. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "fetch/resolve.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "provider/provider.h"

#define ASK_MS 30000 /* of one question */
#define FAILED "Unable to run git ls-remote to get the `resolved_ref`: "

static int first_id(char commit[GIT_COMMIT], const struct buf *output, struct err *e)
{
    struct slice rest = {buf_text(output), output->len}, line = slice_cut(&rest, '\n');
    struct slice id = slice_cut(&line, '\t');

    commit[0] = '\0';
    if (!id.len)
        return 0;
    if (id.len == GIT_COMMIT - 1) {
        memcpy(commit, id.at, id.len);
        commit[id.len] = '\0';
        if (git_is_commit(commit))
            return 0;
    }
    return err_set(e, ERR_RESOLVE_FAILED, FAILED "the server's answer is no commit");
}

int resolve_ref(char commit[GIT_COMMIT], const struct git *g, const char *url, const char *ref, struct err *e)
{
    CLEANUP(process_end_free) struct process_end end = GIT_END;
    const char *const words[] = {"ls-remote", "--", url, ref, NULL};
    char why[sizeof e->text - sizeof FAILED + 1];

    if (git_address(url, e) < 0)
        return -1;
    if (git_is_commit(ref)) {
        str_copy(commit, GIT_COMMIT, ref);
        return 0;
    }
    if (git_run(&end, g, words, ASK_MS, e) < 0) {
        if (e->code != ERR_DEADLINE)
            return -1;
        str_copy(why, sizeof why, e->text);
        return err_set(e, ERR_RESOLVE_FAILED, FAILED "%s", why);
    }
    git_complaint(why, sizeof why, &end.errors);
    return end.code ? err_set(e, ERR_RESOLVE_FAILED, FAILED "%s", why) : first_id(commit, &end.output, e);
}

int resolve_answer(const struct git *g, const struct wire_fetch_message *question, struct err *e)
{
    cleanup_free char *prefix = mem_copy(question->provider.at, question->provider.len);
    cleanup_free char *spec = mem_copy(question->spec.at, question->spec.len);
    cleanup_free struct provider_place *place = mem_zero(1, sizeof *place);
    const struct provider *provider = provider_find(prefix);
    struct wire_fetch_message answer = {.kind = WIRE_FETCH_REF};
    char commit[GIT_COMMIT];

    if (!provider)
        return err_set(e, ERR_FETCH_ADDRESS, "there is no provider %s", prefix);
    if (provider_parse(place, provider, spec, e) < 0)
        return -1;
    if (place->exact) {
        answer.resolved = slice_of(place->ref);
        return git_address(place->repo_url, e) < 0 ? -1 : conn_send(g->conn, &answer, e);
    }
    if (resolve_ref(commit, g, place->repo_url, place->ref, e) < 0)
        return -1;
    answer.resolved = slice_of(commit);
    return conn_send(g->conn, &answer, e);
}
