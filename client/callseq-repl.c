/* callseq-repl: a terminal for a prompt of callseq_repl.
 *
 *   callseq-repl PATH
 *
 * Connects to the socket; what is typed goes there, what comes is printed. Ctrl-C interrupts what
 * the session evaluates. When the input ends the answers are waited for, then the session ends; so
 * a pipe works, too. On a terminal rlwrap edits lines, where it is installed and the terminal can.
 *
 * Exit code: 0 the session has ended, 1 nobody answers, 2 wrong usage. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int session = -1;
static volatile sig_atomic_t interrupted; /* and the session has not been told: it takes no more */

static bool tell_interrupt(void) { return send(session, "\3", 1, MSG_DONTWAIT) == 1; }

static void interrupt(int number) {
  int saved = errno;
  (void)number;
  if (!tell_interrupt())
    interrupted = 1;
  errno = saved;
}

/* Is there a terminal on which lines can be edited? rlwrap refuses one that is 0 columns wide, as
 * editors and remote shells make them. */
static bool can_edit_lines(void) {
  struct winsize size;
  const char *kind = getenv("TERM");
  return isatty(STDIN_FILENO) && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 &&
         kind && *kind && strcmp(kind, "dumb") != 0;
}

/* Has rlwrap run this program again, if there is one; the session that is open ends then. */
static void edit_lines(char **argv) {
  char *const command[] = {"rlwrap", "-a", "-C", "callseq-repl", argv[0], argv[1], NULL};
  if (can_edit_lines() && !getenv("CALLSEQ_REPL_PLAIN")) {
    setenv("CALLSEQ_REPL_PLAIN", "1", 1);
    execvp(command[0], command);
  }
}

static bool write_all(int fd, const char *text, size_t size) {
  while (size > 0) {
    ssize_t n = write(fd, text, size);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    text += n;
    size -= (size_t)n;
  }
  return true;
}

/* Prints what the session says; false: it has ended. */
static bool print(void) {
  char text[4096];
  ssize_t n = read(session, text, sizeof text);
  return (n < 0 && errno == EINTR) || (n > 0 && write_all(STDOUT_FILENO, text, (size_t)n));
}

/* What has been read and not been sent. A session that waits for its answers to be read takes no
 * more input, so nothing here waits for it to do that. */
static struct {
  char text[4096];
  size_t from, to;
  bool ended; /* no more comes */
} input;

static void read_input(void) {
  ssize_t n = read(STDIN_FILENO, input.text, sizeof input.text);
  input.from = 0;
  input.to = n > 0 ? (size_t)n : 0;
  input.ended = n == 0 || (n < 0 && errno != EINTR);
}

static void send_input(void) {
  if (interrupted && tell_interrupt())
    interrupted = 0;
  while (input.from < input.to) {
    ssize_t n = send(session, input.text + input.from, input.to - input.from, MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR) /* the session reads no more */
      input.from = input.to;
    if (n < 0)
      return;
    input.from += (size_t)n;
  }
}

int main(int argc, char **argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (argc != 2 || argv[1][0] == '-' || strlen(argv[1]) >= sizeof address.sun_path) {
    fputs("usage: callseq-repl PATH, the name of a socket that a program listens at by "
          "callseq_repl\n",
          stderr);
    return 2;
  }
  strcpy(address.sun_path, argv[1]);
  session = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (session < 0 || connect(session, (struct sockaddr *)&address, sizeof address) != 0) {
    fprintf(stderr, "callseq-repl: %s: %s; does the program run, and listen there?\n", argv[1],
            strerror(errno));
    return 1;
  }
  edit_lines(argv);
  struct sigaction act = {.sa_handler = interrupt};
  sigaction(SIGINT, &act, NULL);
  signal(SIGPIPE, SIG_IGN);
  struct pollfd set[2] = {{.fd = session}, {.events = POLLIN}};
  for (bool open = true;;) {
    bool unsent = input.from < input.to;
    if (input.ended && !unsent && open) {
      shutdown(session, SHUT_WR);
      open = false;
    }
    set[0].events = (short)(POLLIN | (unsent || (interrupted && open) ? POLLOUT : 0));
    set[1].fd = unsent || input.ended ? -1 : STDIN_FILENO;
    if (poll(set, 2, -1) < 0)
      continue;
    if ((set[0].revents & ~POLLOUT) && !print())
      return 0;
    if (set[1].revents)
      read_input();
    if ((set[0].revents & POLLOUT) || set[1].revents)
      send_input();
  }
}
