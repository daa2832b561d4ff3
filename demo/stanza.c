/* Reading stanza files: line by line, each record copied field by field into one block of memory.
 * A record's copy is never more than two bytes longer than its text, so the block is allocated
 * once, for all the text that is left, and never grows while it is being filled. */
#include "stanza.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct line {
  const char *text;
  size_t length; /* without trailing blanks and line end: zero for a blank line */
  size_t next;   /* where the next line starts */
};

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static struct line line_at(const char *text, size_t at, size_t end) {
  const char *newline = memchr(text + at, '\n', end - at);
  size_t stop = newline ? (size_t)(newline - text) : end;
  struct line line = {text + at, stop - at, newline ? stop + 1 : end};
  while (line.length > 0 && is_blank(line.text[line.length - 1]))
    line.length--;
  return line;
}

/* The length of the field name that starts the line, or 0 if none does. */
static size_t name_length(struct line line) {
  size_t length = 0;
  while (length < line.length && line.text[length] > ' ' && line.text[length] <= '~' &&
         line.text[length] != ':')
    length++;
  return length < line.length && line.text[length] == ':' ? length : 0;
}

static char *append(char *out, const char *text, size_t length) {
  memcpy(out, text, length);
  out[length] = '\0';
  return out + length + 1;
}

size_t stanza_boundary(const char *text, size_t size, size_t from) {
  if (from == 0 || from >= size)
    return from < size ? from : size;
  /* From the middle of a line on, only what follows the next blank line is sure to be a start. */
  size_t at = line_at(text, from - 1, size).next;
  while (at < size) {
    struct line line = line_at(text, at, size);
    at = line.next;
    if (line.length == 0)
      break;
  }
  return at;
}

bool stanza_next(struct stanza *record, const char *text, size_t *at, size_t end) {
  record->problem = NULL;
  if (record->capacity < end - *at + 2) {
    stanza_free(record);
    record->capacity = end - *at + 2;
    record->fields = malloc(record->capacity);
    if (record->fields == NULL) {
      record->capacity = 0;
      record->problem = "no memory left to read this record; expected a smaller file";
      return false;
    }
  }

  char *out = record->fields;
  struct line line;
  for (; *at < end; *at = line.next) {
    line = line_at(text, *at, end);
    if (line.length == 0) {
      if (out != record->fields)
        break;
      continue;
    }
    if (memchr(line.text, '\0', line.length) != NULL) {
      record->problem = "a NUL byte; expected text";
      return false;
    }
    if (line.text[0] == '#')
      continue;
    if (is_blank(line.text[0])) {
      if (out == record->fields) {
        record->problem = "a continuation without a field above it; expected 'Field: value'";
        return false;
      }
      out[-1] = '\n';
      out = append(out, line.text + 1, line.length - 1);
    } else {
      size_t name = name_length(line);
      if (name == 0) {
        record->problem = "neither a field, a continuation, a comment nor blank; "
                          "expected 'Field: value'";
        return false;
      }
      if (out == record->fields)
        record->begin = *at;
      out = append(out, line.text, name);
      size_t value = name + 1;
      while (value < line.length && is_blank(line.text[value]))
        value++;
      out = append(out, line.text + value, line.length - value);
    }
    record->bytes = line.next - record->begin;
  }
  *out = '\0';
  return out != record->fields;
}

const char *stanza_field(const struct stanza *record, const char *name) {
  const char *field = record->fields;
  while (*field != '\0') {
    const char *value = field + strlen(field) + 1;
    if (strcasecmp(field, name) == 0)
      return value;
    field = value + strlen(value) + 1;
  }
  return NULL;
}

char *stanza_name(const struct stanza *record) {
  return record->fields + strlen(record->fields) + 1;
}

void stanza_free(struct stanza *record) {
  free(record->fields);
  record->fields = NULL;
  record->capacity = 0;
}
