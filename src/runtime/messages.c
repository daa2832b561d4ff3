/* Messages: text for errors, and lines on standard error. */
#include "messages.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *format(const char *template, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, template, arguments);
  char *text = length < 0 ? NULL : malloc((size_t)length + 1);
  if (text)
    vsnprintf(text, (size_t)length + 1, template, again);
  va_end(again);
  return text;
}

char *callseq_format(const char *template, ...) {
  va_list arguments;
  va_start(arguments, template);
  char *text = format(template, arguments);
  va_end(arguments);
  return text;
}

void callseq_print(const char *template, ...) {
  static const char no_memory[] = "callseq: no memory for a message\n";
  va_list arguments;
  va_start(arguments, template);
  char *text = format(template, arguments);
  va_end(arguments);
  const char *rest = text ? text : no_memory;
  for (size_t left = strlen(rest); left > 0;) {
    ssize_t written = write(STDERR_FILENO, rest, left);
    if (written < 0 && errno != EINTR)
      break;
    rest += written < 0 ? 0 : written;
    left -= written < 0 ? 0 : (size_t)written;
  }
  free(text);
}
