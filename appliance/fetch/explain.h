/* ringbinder-fetch explain: which lane takes a repository, and why. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FETCH_EXPLAIN_H
#define FETCH_EXPLAIN_H

/* explain URL|FOLDER [--json] [REF], argv[0] being "explain". Exit code: 0 where a lane takes it, 2 where none does, 1
 * for every other error. */
int explain(int argc, char **argv);

#endif
