/* A front: on Linux an epoll instance, in which a timer stands for the deadline. What is shown is
 * put there anew each time: descriptors may have been closed, and their numbers be others' since. A
 * file that epoll does not take is one that is always ready, as poll(2) has it; then the timer has
 * run out.
 *
 * Elsewhere a thread polls what is shown, and rings a bell of the front's own once something is
 * ready.
 */
#define _GNU_SOURCE
#include "front.h"

#include "base/clock.h"
#include "bell.h"
#include "system.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The descriptors that are shown. */
struct shown {
  struct pollfd *set;
  nfds_t count, room;
};

/* False: no memory for so many. */
static bool reserve(struct shown *shown, nfds_t count) {
  if (count <= shown->room)
    return true;
  struct pollfd *larger = realloc(shown->set, count * sizeof *larger);
  if (!larger)
    return false;
  shown->set = larger;
  shown->room = count;
  return true;
}

#ifndef CALLSEQ_POSIX

#include <sys/epoll.h>
#include <sys/timerfd.h>

struct callseq_front_parts {
  int timer;
  struct shown shown;
};

/* What is waited for at the descriptor `fd`, which may be in the set more than once. */
static short all_events(const struct pollfd *set, nfds_t count, int fd) {
  short events = 0;
  for (nfds_t i = 0; i < count; i++)
    if (set[i].fd == fd)
      events = (short)(events | set[i].events);
  return events;
}

static bool add(int epoll, int fd, short events) {
  struct epoll_event event = {.events = (uint32_t)events, .data.fd = fd}; /* the same bits */
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 || errno == EEXIST;
}

bool callseq_front_open(struct callseq_front *front) {
  struct callseq_front_parts *parts = calloc(1, sizeof *parts);
  *front = (struct callseq_front)CALLSEQ_FRONT_NONE;
  if (!parts)
    return false;
  parts->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  front->fd = epoll_create1(EPOLL_CLOEXEC);
  front->parts = parts;
  if (parts->timer >= 0 && front->fd >= 0 && add(front->fd, parts->timer, POLLIN))
    return true;
  int saved = errno;
  callseq_front_close(front, false);
  errno = saved;
  return false;
}

void callseq_front_show(struct callseq_front *front, const struct pollfd *set, nfds_t count,
                        uint64_t deadline) {
  struct callseq_front_parts *parts = front->parts;
  bool ready = false;
  for (nfds_t i = 0; i < parts->shown.count; i++)
    epoll_ctl(front->fd, EPOLL_CTL_DEL, parts->shown.set[i].fd, NULL);
  parts->shown.count = 0;
  if (!reserve(&parts->shown, count)) /* looked at again and again */
    ready = true, count = 0;
  for (nfds_t i = 0; i < count; i++) {
    parts->shown.set[parts->shown.count++] = set[i];
    if (!add(front->fd, set[i].fd, all_events(set, count, set[i].fd)))
      ready = true;
  }
  if (ready)
    deadline = 1;
  struct itimerspec at = {.it_value = {.tv_sec = (time_t)(deadline / 1000000000),
                                       .tv_nsec = (long)(deadline % 1000000000)}};
  timerfd_settime(parts->timer, TFD_TIMER_ABSTIME, &at, NULL); /* takes back one that has run out */
}

void callseq_front_stop(struct callseq_front *front) { callseq_front_show(front, NULL, 0, 0); }

void callseq_front_close(struct callseq_front *front, bool forked) {
  (void)forked;
  if (front->fd >= 0)
    close(front->fd);
  if (front->parts) {
    if (front->parts->timer >= 0)
      close(front->parts->timer);
    free(front->parts->shown.set);
    free(front->parts);
  }
  *front = (struct callseq_front)CALLSEQ_FRONT_NONE;
}

#else

#include <pthread.h>
#include <signal.h>

struct callseq_front_parts {
  struct callseq_bell out; /* what the host polls */
  struct callseq_bell in;  /* tells the thread that there is more */
  pthread_t thread;
  struct shown shown; /* the thread's: `in` first, then what is */
  uint64_t deadline;
  pthread_mutex_t mutex; /* of what follows */
  struct shown next;     /* to be shown */
  uint64_t next_deadline;
  bool ends;
};

/* Takes over what is to be shown; false: the end. */
static bool take_over(struct callseq_front_parts *parts) {
  pthread_mutex_lock(&parts->mutex);
  bool ends = parts->ends;
  struct shown before = parts->shown;
  parts->shown = parts->next;
  parts->next = before;
  parts->deadline = parts->next_deadline;
  pthread_mutex_unlock(&parts->mutex);
  return !ends;
}

/* Once something is ready the host is told, and nothing is polled until it shows more. */
static void *watch(void *argument) {
  struct callseq_front_parts *parts = argument;
  struct pollfd only = {.fd = parts->in.heard, .events = POLLIN};
  bool told = true;
  callseq_system_name_thread("callseq-front");
  for (;;) {
    struct pollfd *set = told ? &only : parts->shown.set;
    int ready =
        poll(set, told ? 1 : parts->shown.count, told ? -1 : callseq_clock_left(parts->deadline));
    if (ready < 0)
      continue;
    if (ready > 0 && set[0].revents) {
      callseq_bell_quiet(&parts->in);
      if (!take_over(parts))
        return NULL;
      told = false;
    } else {
      callseq_bell_ring(&parts->out);
      told = true;
    }
  }
}

static void free_parts(struct callseq_front_parts *parts) {
  callseq_bell_close(&parts->out);
  callseq_bell_close(&parts->in);
  pthread_mutex_destroy(&parts->mutex);
  free(parts->shown.set);
  free(parts->next.set);
  free(parts);
}

bool callseq_front_open(struct callseq_front *front) {
  struct callseq_front_parts *parts = calloc(1, sizeof *parts);
  sigset_t mask;
  *front = (struct callseq_front)CALLSEQ_FRONT_NONE;
  if (!parts)
    return false;
  parts->out = parts->in = (struct callseq_bell)CALLSEQ_BELL_NONE;
  pthread_mutex_init(&parts->mutex, NULL);
  callseq_system_block_signals(&mask);
  int error = 0;
  if (!callseq_bell_open(&parts->out) || !callseq_bell_open(&parts->in))
    error = errno;
  else
    error = pthread_create(&parts->thread, NULL, watch, parts);
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
  if (error) {
    free_parts(parts);
    errno = error;
    return false;
  }
  *front = (struct callseq_front){.fd = parts->out.heard, .parts = parts};
  return true;
}

void callseq_front_show(struct callseq_front *front, const struct pollfd *set, nfds_t count,
                        uint64_t deadline) {
  struct callseq_front_parts *parts = front->parts;
  struct pollfd in = {.fd = parts->in.heard, .events = POLLIN};
  pthread_mutex_lock(&parts->mutex);
  if (reserve(&parts->next, count + 1)) {
    parts->next.set[0] = in;
    memcpy(parts->next.set + 1, set, count * sizeof *set);
    parts->next.count = count + 1;
    parts->next_deadline = deadline;
  } else { /* looked at again and again */
    parts->next.count = 0;
    parts->next_deadline = 1;
  }
  callseq_bell_quiet(&parts->out);
  pthread_mutex_unlock(&parts->mutex);
  callseq_bell_ring(&parts->in);
}

void callseq_front_stop(struct callseq_front *front) {
  struct callseq_front_parts *parts = front->parts;
  pthread_mutex_lock(&parts->mutex);
  parts->ends = true;
  pthread_mutex_unlock(&parts->mutex);
  callseq_bell_ring(&parts->in);
  pthread_join(parts->thread, NULL);
  callseq_bell_quiet(&parts->out);
}

void callseq_front_close(struct callseq_front *front, bool forked) {
  struct callseq_front_parts *parts = front->parts;
  if (!parts)
    return;
  if (!forked && !parts->ends)
    callseq_front_stop(front);
  *front = (struct callseq_front)CALLSEQ_FRONT_NONE;
  free_parts(parts);
}
#endif
