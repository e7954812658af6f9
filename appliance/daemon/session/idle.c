/* When a session has been left alone for too long, or has lived for too long. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "session/idle.h"

#include <jansson.h>

#include "base/str.h"

enum idle_answer idle_decide(const struct idle_facts *facts, const struct session_settings *settings)
{
    if (settings->age_ms && facts->age_ms >= settings->age_ms)
        return IDLE_AGED;
    if (facts->cpu_permille > IDLE_CPU_PERMILLE || (facts->asked && facts->busy))
        return IDLE_WORKS;
    if (!settings->idle_ms || facts->still_ms < settings->idle_ms + facts->late_ms || facts->told_ms < facts->late_ms ||
        facts->daemon_ms < settings->grace_ms)
        return IDLE_STAYS;
    return facts->asked ? IDLE_ENDS : IDLE_ASK;
}

bool idle_kernels_busy(const char *text, size_t len)
{
    json_t *kernels = json_loadb(text, len, 0, NULL), *kernel;
    bool busy = false;
    size_t i;

    json_array_foreach (kernels, i, kernel) {
        const char *state = json_string_value(json_object_get(kernel, "execution_state"));

        busy |= state && str_is(state, "busy");
    }
    json_decref(kernels);
    return busy;
}
