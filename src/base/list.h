/* Lists from the middle of which items are taken: an item has the next one, and `link`, what points
 * to the item itself. Whoever owns the list calls these.
 */
#ifndef CALLSEQ_LIST_H
#define CALLSEQ_LIST_H

/* Puts `item` in front; `next` and `link` are its members for this list. */
#define CALLSEQ_LIST_ADD(first, item, next, link)                                                  \
  do {                                                                                             \
    (item)->next = (first);                                                                        \
    (item)->link = &(first);                                                                       \
    if ((item)->next)                                                                              \
      (item)->next->link = &(item)->next;                                                          \
    (first) = (item);                                                                              \
  } while (0)

#define CALLSEQ_LIST_REMOVE(item, next, link)                                                      \
  do {                                                                                             \
    *(item)->link = (item)->next;                                                                  \
    if ((item)->next)                                                                              \
      (item)->next->link = (item)->link;                                                           \
  } while (0)

#endif
