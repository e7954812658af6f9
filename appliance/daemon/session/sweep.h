/* The sweeper: puts rows and the engine's containers together. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SESSION_SWEEP_H
#define SESSION_SWEEP_H

struct sessions;
struct sweeper;

/*
 * One list of the engine's containers, then a verdict for each row and each container (reconcile.h). It is called for
 * at the start, when the engine came or a container went, after every end of a session, and every sweep_ms for as long
 * as there is a session or something was left undone, and for SWEEP_AFTER_MS more: an engine makes the container that
 * it was asked for even when its start is over. After that it does not wake. The same turn looks for sessions that are
 * idle or too old (look.h): one timer for all of them.
 */
#define SWEEP_AFTER_MS 300000
#define SWEEP_REMOVALS_MAX 16 /* at a time; the rest follows when one of them is done */
#define SWEEP_GATHER_MS 50    /* news of the engine are gathered for this long */
#define SWEEP_ECHO_MS 250     /* after it: what the first listing could not show yet */
#define SWEEP_HINT_MS 1000    /* between two sweeps that only a gateway's hint asked for */

struct sweeper *sweeper_new(struct sessions *all);
/* Cancels what is under way. */
void sweeper_free(struct sweeper **sweeper);

/* A sweep begins `delay_ms` from now, or earlier if one was asked for earlier. */
void sweep_within(struct sweeper *sweeper, int delay_ms);
/* The gateway says that a container does not answer; at most one sweep in SWEEP_HINT_MS comes of it. */
void sweep_hinted(struct sweeper *sweeper);
/* The number of the listing that began last: what changes while it is under way is not judged by it. */
unsigned sweep_turn(const struct sweeper *sweeper);

#endif
