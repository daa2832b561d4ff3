#include "pin.h"
#include <callseq.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <unistd.h>

int pin_changed(int level); /* Scheme's, posted */

static int pin = -1, lost;
static pthread_t interrupt;

/* On a real pin: wait for POLLPRI, and read the level from the beginning of the file. */
static void *wait_for_changes(void *unused) {
  struct pollfd change = {pin, POLLIN, 0};
  char byte;
  while (poll(&change, 1, -1) == 1 && read(pin, &byte, 1) == 1)
    if ((byte == '0' || byte == '1') && pin_changed(byte - '0') != CALLSEQ_OK)
      lost++;
  close(pin);
  return unused;
}

int pin_begin(char *file) {
  pin = open(file, O_RDONLY | O_CLOEXEC);
  return pin >= 0 && pthread_create(&interrupt, NULL, wait_for_changes, NULL) == 0;
}

int pin_end(void) {
  pthread_join(interrupt, NULL);
  callseq_flush(CALLSEQ_FOREVER);
  return lost;
}
