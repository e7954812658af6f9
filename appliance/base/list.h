/* An intrusive doubly linked list. */
/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* The struct of which `pointer` is the member. */
#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

/* A head and its members are nodes of one ring; a node that is in no list points to itself (list_init) or is zero. */
struct list {
    struct list *next, *before;
};

static inline void list_init(struct list *node)
{
    node->next = node->before = node;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head || !head->next;
}

/* At the end of the list. */
static inline void list_add(struct list *head, struct list *node)
{
    node->next = head;
    node->before = head->before;
    head->before->next = node;
    head->before = node;
}

/* Does nothing to a node that is in no list. */
static inline void list_remove(struct list *node)
{
    if (!node->next)
        return;
    node->before->next = node->next;
    node->next->before = node->before;
    list_init(node);
}

#define list_for_each(node, head) for (struct list *node = (head)->next; node != (head); node = node->next)
/* The node of the turn may be removed and freed, its neighbours may not. */
#define list_for_each_safe(node, head)                                                                                 \
    for (struct list *node = (head)->next, *next_ = node->next; node != (head); node = next_, next_ = node->next)

#endif
