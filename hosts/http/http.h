/* http: what the web server in C (main.c) and the site in Scheme (site.scm) know of one another. */
#ifndef HTTP_H
#define HTTP_H

enum { TYPE_TEXT, TYPE_HTML, TYPE_JSON };

/* The head of an answer, which Scheme fills in. */
struct head {
  int code;
  int type;
};

/* What callseq has counted, and how many requests came, as JSON; for the caller to free. */
char *statistics(void);

/* The database, in data.c: a connection that waits for others' locks, or NULL. */
struct sqlite3;
struct sqlite3 *data_open(const char *file);

#endif
