/* Stanza files, in the manner of Debian's control files: records of `Field: value` lines. A line
 * that starts with a blank continues the value above it, a line that starts with `#` is a comment,
 * blank lines separate records, and trailing blanks (the CR of CRLF too) mean nothing.
 *
 * Invariant: the file's text is never written, so that many threads may read it at once; each reads
 * into a `struct stanza` of its own. */
#ifndef STANZA_H
#define STANZA_H

#include <stdbool.h>
#include <stddef.h>

struct stanza {
  size_t begin, bytes; /* where the record's first field starts in the text, and its length */
  const char *problem; /* what is wrong at the line where reading stopped, or NULL */
  char *fields;        /* name NUL value NUL ... NUL; a continued value holds newlines */
  size_t capacity;     /* bytes allocated for `fields` */
};

/* The first place at or after `from` where a text of `size` bytes can be cut: behind a blank line,
 * or at its end. */
size_t stanza_boundary(const char *text, size_t size, size_t from);

/* Reads the next record of text[*at, end) and moves *at behind it. False at the end, and at a
 * malformed line: then `problem` is set and *at is where that line starts. */
bool stanza_next(struct stanza *record, const char *text, size_t *at, size_t end);

/* The value of a field, case ignored in its name, or NULL; of two with one name, the first. Valid
 * until the record is read into again. */
const char *stanza_field(const struct stanza *record, const char *name);

/* The value of the record's first field, which by custom names it. */
char *stanza_name(const struct stanza *record);

/* Frees what reading has allocated. A record starts, and is left, as all zero. */
void stanza_free(struct stanza *record);

#endif
