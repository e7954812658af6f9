/* Something under way: cancelling it, and its last word. */
/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/op.h"

#include "base/cleanup.h"

void op_cancel(struct op **op)
{
    struct op *it = STEAL(*op);

    if (it)
        it->cancel(it);
}

void done_call(struct done done, const struct err *e)
{
    if (done.call)
        done.call(done.arg, e);
}
