/* Any bytes as pyproject.toml, and what it says of Python. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plan/pyproject.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const char *text = (const char *)bytes;
    struct pyproject project;
    bool admits;
    struct err e;

    if (pyproject_read(&project, "pyproject.toml", (struct slice){text, len}, &e) < 0) {
        demand(strncmp(e.text, "pyproject.toml:", 15) == 0);
        return 0;
    }
    if (!project.requires_python.len)
        return 0;
    demand(project.requires_python.at >= text &&
           project.requires_python.at + project.requires_python.len <= text + len);
    if (pyproject_admits(&admits, project.requires_python, "3.13", &e) < 0)
        demand(e.code == ERR_PLAN_FILE);
    return 0;
}
