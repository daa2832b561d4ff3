/* A bell: on Linux an eventfd(2), elsewhere, and where that is refused, a pipe. Neither end blocks.
 * A ring that finds the counter or the pipe full is lost, and need not be heard: the bell has been
 * rung before.
 */
#define _GNU_SOURCE
#include "bell.h"

#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>
#ifndef CALLSEQ_POSIX
#include <sys/eventfd.h>
#endif

static void set_flags(int fd) {
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  fcntl(fd, F_SETFL, O_NONBLOCK);
}

static bool open_pipe(struct callseq_bell *bell) {
  int ends[2] = {-1, -1};
  bool made = pipe(ends) == 0;
  if (made) {
    set_flags(ends[0]);
    set_flags(ends[1]);
  }
  *bell = (struct callseq_bell){.heard = ends[0], .rung = ends[1]};
  return made;
}

#ifndef CALLSEQ_POSIX
bool callseq_bell_open(struct callseq_bell *bell) {
  bell->heard = bell->rung = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  bool refused = bell->heard < 0 && errno != EMFILE && errno != ENFILE; /* by a sandbox */
  return refused ? open_pipe(bell) : bell->heard >= 0;
}
#else
bool callseq_bell_open(struct callseq_bell *bell) { return open_pipe(bell); }
#endif

void callseq_bell_close(struct callseq_bell *bell) {
  if (bell->rung >= 0 && bell->rung != bell->heard)
    close(bell->rung);
  if (bell->heard >= 0)
    close(bell->heard);
  bell->heard = bell->rung = -1;
}

void callseq_bell_ring(const struct callseq_bell *bell) {
  int saved = errno;
  uint64_t one = 1;
  if (bell->rung >= 0 && write(bell->rung, &one, sizeof one) < 0) {
    /* full: it has been rung */
  }
  errno = saved;
}

void callseq_bell_quiet(const struct callseq_bell *bell) {
  uint64_t rings[8];
  while (read(bell->heard, rings, sizeof rings) == (ssize_t)sizeof rings) {
  }
}
