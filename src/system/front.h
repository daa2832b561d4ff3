/* A front: one descriptor, for a loop of the host's, that stands for a bell, other descriptors and
 * a deadline: it is readable when one of these is ready. It is the same one as long as it is open.
 *
 * One thread at a time. Linux has epoll(7) and timerfd_create(2) for that; elsewhere a thread of
 * the front's own polls them. */
#ifndef CALLSEQ_FRONT_H
#define CALLSEQ_FRONT_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

struct callseq_front {
  int fd; /* -1: it is not open */
  struct callseq_front_parts *parts;
};

#define CALLSEQ_FRONT_NONE                                                                         \
  { -1, NULL }

/* False, with errno: the system has no descriptor, memory or thread for it. */
bool callseq_front_open(struct callseq_front *front);

/* From now on it stands for these, which may go and come as they like, and for the deadline by
 * callseq_clock_now, 0: none. What cannot be waited for counts as ready. */
void callseq_front_show(struct callseq_front *front, const struct pollfd *set, nfds_t count,
                        uint64_t deadline);

/* From now on it stands for nothing, and has no thread; but the descriptor is still there. */
void callseq_front_stop(struct callseq_front *front);

/* `forked`: this is a child of the process that opened it. */
void callseq_front_close(struct callseq_front *front, bool forked);

#endif
