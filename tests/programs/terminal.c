/* Runs a program on a terminal of its own, and talks to it: terminal PROGRAM ARGUMENT ... -- EXPECT
 * SEND EXPECT SEND ... Waits until it has said EXPECT since the last time, then types SEND, in
 * which ^C is that key. Prints all that it has said; ends with its exit code, or 99 if it says
 * something else until the time is over, 77 where the system has no terminals to give. */
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char said[1 << 16];
static size_t length, seen;

static int hear(int fd, const char *what) {
  for (;;) {
    char *found = strstr(said + seen, what);
    if (found) {
      seen = (size_t)(found - said) + strlen(what);
      return 1;
    }
    ssize_t n = read(fd, said + length, sizeof said - 1 - length);
    if (n <= 0)
      return 0;
    fwrite(said + length, 1, (size_t)n, stdout);
    fflush(stdout);
    length += (size_t)n;
  }
}

int main(int argc, char **argv) {
  int fd, status = 0, i = 1;
  while (i < argc && strcmp(argv[i], "--"))
    i++;
  if (i == argc)
    return 2;
  argv[i] = NULL;
  pid_t child = forkpty(&fd, NULL, NULL, NULL);
  if (child < 0)
    return 77;
  if (child == 0) {
    execvp(argv[1], argv + 1);
    _exit(2);
  }
  alarm(60);
  for (i++; i < argc; i += 2) {
    if (!hear(fd, argv[i])) {
      printf("\nterminal: it ended before it said: %s\n", argv[i]);
      return 1;
    }
    if (i + 1 < argc && write(fd, strcmp(argv[i + 1], "^C") ? argv[i + 1] : "\003",
                              strcmp(argv[i + 1], "^C") ? strlen(argv[i + 1]) : 1) < 0)
      return 2;
  }
  hear(fd, "\377");
  waitpid(child, &status, 0);
  printf("\nterminal: it ended with %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  return 0;
}
