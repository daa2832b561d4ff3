/* The Unix sockets of callseq-eval: those that listen, and those of sessions.
 *
 * Included by callseq-eval.scm, whose green threads wait; nothing here does. It uses nothing of
 * callseq's, so that the shared module can be loaded first. All functions are the holder's, on the
 * Scheme stack, but for those that the end of the process and fork call.
 *
 * A socket that listens has its mode before it has a name: Linux takes a socket's own mode for the
 * name that bind makes. Who finds the name taken looks whether somebody answers there. Two
 * processes that do so at once would replace each other's socket, so each has the folder locked.
 *
 * In a forked child the descriptors are no sockets any more, but ends of a closed pipe: so the
 * child holds no connection of the parent's open, and a green thread that waits for one is woken,
 * and finds out.
 */
#ifndef CALLSEQ_EVALUATION_SOCKETS_H
#define CALLSEQ_EVALUATION_SOCKETS_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* A descriptor of ours. */
struct callseq_eval_socket {
  struct callseq_eval_socket *next;
  int fd;
  int generation; /* of the process that it belongs to */
  char *path;     /* of one that listens, absolute; NULL: a session's */
  dev_t device;
  ino_t inode; /* of the name that it has made */
};

static struct {
  struct callseq_eval_socket *sockets;
  int generation; /* how many forks made this process of the one that loaded the program */
  char problem[256];
} callseq_eval;

/* ---- The table ---- */

/* Takes the descriptor and the path over; false: no memory, and both are gone. */
static bool callseq_eval_keep(int fd, char *path) {
  struct callseq_eval_socket *s = (struct callseq_eval_socket *)calloc(1, sizeof *s);
  struct stat name;
  if (!s) {
    close(fd);
    free(path);
    errno = ENOMEM;
    return false;
  }
  s->fd = fd;
  s->generation = callseq_eval.generation;
  s->path = path;
  if (path && lstat(path, &name) == 0) {
    s->device = name.st_dev;
    s->inode = name.st_ino;
  }
  s->next = callseq_eval.sockets;
  callseq_eval.sockets = s;
  return true;
}

/* Removes the name, unless another socket or file has it by now, or it is the parent's. */
static void callseq_eval_unlink(const struct callseq_eval_socket *s) {
  struct stat name;
  if (s->path && s->generation == callseq_eval.generation && lstat(s->path, &name) == 0 &&
      name.st_dev == s->device && name.st_ino == s->inode)
    unlink(s->path);
}

static void callseq_eval_close(int fd) {
  struct callseq_eval_socket **link = &callseq_eval.sockets, *s;
  while ((s = *link) && s->fd != fd)
    link = &s->next;
  if (!s)
    return;
  *link = s->next;
  callseq_eval_unlink(s);
  close(fd);
  free(s->path);
  free(s);
}

/* By C's exit, also while another thread changes the table: so nothing is freed. */
static void callseq_eval_at_exit(void) {
  for (struct callseq_eval_socket *s = callseq_eval.sockets; s; s = s->next)
    callseq_eval_unlink(s);
}

/* In a forked child; a step of the library's table. */
static void callseq_eval_born(void) {
  int ends[2];
  callseq_eval.generation++;
  if (!callseq_eval.sockets)
    return;
  bool piped = pipe(ends) == 0;
  if (piped)
    close(ends[1]);
  for (struct callseq_eval_socket *s = callseq_eval.sockets; s; s = s->next)
    if (!piped || dup2(ends[0], s->fd) < 0)
      close(s->fd);
    else
      fcntl(s->fd, F_SETFD, FD_CLOEXEC);
  if (piped)
    close(ends[0]);
}

static void callseq_eval_begin(void) { atexit(callseq_eval_at_exit); }

/* ---- Listening ---- */

static int callseq_eval_socket(void) {
#ifdef SOCK_CLOEXEC
  return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
#else
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd >= 0 && (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)) {
    close(fd);
    return -1;
  }
  return fd;
#endif
}

/* Says what is wrong; -1. */
static int callseq_eval_refuse(const char *what, const char *remedy) {
  snprintf(callseq_eval.problem, sizeof callseq_eval.problem, "%s%s", what, remedy);
  return -1;
}

/* Removes the name of a socket that nobody answers at. */
static bool callseq_eval_remove_dead(const struct sockaddr_un *address) {
  struct stat name;
  if (lstat(address->sun_path, &name) != 0)
    return errno == ENOENT;
  if (!S_ISSOCK(name.st_mode)) {
    callseq_eval_refuse("there is a file of that name that is no socket",
                        "; remove it, or take another name");
    return false;
  }
  int fd = callseq_eval_socket();
  bool dead = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 &&
              errno == ECONNREFUSED;
  if (fd >= 0)
    close(fd);
  if (!dead)
    callseq_eval_refuse("somebody listens there already, or may not be asked",
                        "; take another name");
  else if (unlink(address->sun_path) != 0)
    dead = callseq_eval_refuse("a dead socket cannot be removed: ", strerror(errno)) == 0;
  return dead;
}

/* The folder of `path`, locked against others that replace sockets in it, who are quick; -1 if it
 * cannot be. */
static int callseq_eval_lock_folder(const char *path) {
  char *folder = strdup(path), *slash = folder ? strrchr(folder, '/') : NULL;
  if (slash)
    slash[slash == folder] = '\0';
  int fd = folder ? open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  free(folder);
  for (int i = 0; i < 100 && fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0; i++)
    poll(NULL, 0, 1);
  return fd;
}

static bool callseq_eval_name(int fd, const struct sockaddr_un *address) {
  const struct sockaddr *name = (const struct sockaddr *)address;
  if (bind(fd, name, sizeof *address) == 0)
    return true;
  if (errno == EADDRINUSE && !callseq_eval_remove_dead(address))
    return false;
  return bind(fd, name, sizeof *address) == 0;
}

static char *callseq_eval_absolute(const char *path) {
  char folder[4096];
  char *whole;
  if (path[0] == '/')
    return strdup(path);
  if (!getcwd(folder, sizeof folder) ||
      !(whole = (char *)malloc(strlen(folder) + strlen(path) + 2)))
    return NULL;
  sprintf(whole, "%s/%s", folder, path);
  return whole;
}

/* A socket that listens at `path`; -1, and callseq_eval.problem says why not. */
static int callseq_eval_listen(const char *path) {
  struct sockaddr_un address;
  memset(&address, 0, sizeof address);
  address.sun_family = AF_UNIX;
  callseq_eval.problem[0] = '\0';
  if (!*path)
    return callseq_eval_refuse("a name is needed", "");
  if (strlen(path) >= sizeof address.sun_path)
    return callseq_eval_refuse("the name of a socket is too long",
                               "; the system takes some 100 bytes: take a shorter or relative one");
  strcpy(address.sun_path, path);
  char *absolute = callseq_eval_absolute(path);
  int fd = callseq_eval_socket(), folder = callseq_eval_lock_folder(path);
  bool listens = absolute && fd >= 0 && fchmod(fd, 0600) == 0 && callseq_eval_name(fd, &address) &&
                 listen(fd, SOMAXCONN) == 0;
  if (!listens && !callseq_eval.problem[0])
    callseq_eval_refuse(strerror(errno), "");
  if (folder >= 0)
    close(folder);
  if (listens) {
    if (callseq_eval_keep(fd, absolute))
      return fd;
    unlink(path);
    return callseq_eval_refuse(strerror(errno), "");
  }
  if (fd >= 0)
    close(fd);
  free(absolute);
  return -1;
}

/* ---- Sessions ---- */

/* Is who has connected this process's user, or root? */
static bool callseq_eval_may(int fd) {
#ifdef SO_PEERCRED
  struct {
    pid_t pid;
    uid_t uid;
    gid_t gid;
  } peer; /* struct ucred, which some headers hide */
  socklen_t size = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         (peer.uid == geteuid() || peer.uid == 0);
#else
  uid_t uid;
  gid_t gid;
  return getpeereid(fd, &uid, &gid) == 0 && (uid == geteuid() || uid == 0);
#endif
}

enum { CALLSEQ_EVAL_NOBODY = -1, CALLSEQ_EVAL_FULL = -2 };

/* Somebody who has connected; or nobody; or there is no descriptor left for who has. */
static int callseq_eval_accept(int listens) {
  int fd = accept(listens, NULL, NULL);
  if (fd < 0)
    return errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM
               ? CALLSEQ_EVAL_FULL
               : CALLSEQ_EVAL_NOBODY;
  if (!callseq_eval_may(fd) || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
      fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
    close(fd);
    return CALLSEQ_EVAL_NOBODY;
  }
  return callseq_eval_keep(fd, NULL) ? fd : CALLSEQ_EVAL_FULL;
}

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

/* Both return how many bytes; -1: one has to wait. 0 of the first: the input has ended; of the
 * second: nobody reads. */
static int callseq_eval_receive(int fd, char *buffer, int size) {
  ssize_t n = recv(fd, buffer, (size_t)size, 0);
  return n >= 0 ? (int)n : errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? -1 : 0;
}

static int callseq_eval_send(int fd, const char *text, int from, int to) {
  ssize_t n = send(fd, text + from, (size_t)(to - from), MSG_NOSIGNAL);
  return n > 0 ? (int)n : errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? -1 : 0;
}

/* Has the other end been closed, or lost, both ways? */
static bool callseq_eval_hung_up(int fd) {
  struct pollfd end = {.fd = fd};
  return poll(&end, 1, 0) > 0 && (end.revents & (POLLHUP | POLLERR | POLLNVAL));
}

#endif
