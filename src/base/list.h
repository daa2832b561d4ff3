/* Lists from the middle of which items can be taken. An item knows the `next` one, and `link`: the
 * address of the pointer that points to the item itself. A list has one user at a time.
 */
#ifndef CALLSEQ_LIST_H
#define CALLSEQ_LIST_H

/* Puts `item` in front of those of the list that begins at `first`. `next` and `link` are the names
 * of its members for this list. */
#define CALLSEQ_LIST_ADD(first, item, next, link)                                                  \
  do {                                                                                             \
    (item)->next = (first);                                                                        \
    (item)->link = &(first);                                                                       \
    if ((item)->next)                                                                              \
      (item)->next->link = &(item)->next;                                                          \
    (first) = (item);                                                                              \
  } while (0)

/* Takes `item` out of the list that it is in. */
#define CALLSEQ_LIST_REMOVE(item, next, link)                                                      \
  do {                                                                                             \
    *(item)->link = (item)->next;                                                                  \
    if ((item)->next)                                                                              \
      (item)->next->link = (item)->link;                                                           \
  } while (0)

#endif
