/* Calls of SQLite's that go to Scheme (extension.c), and what Scheme asks for. */
#ifndef EXTENSION_H
#define EXTENSION_H
#include <sqlite3ext.h>

/* Adds entry n of Scheme's table to the connection. `kind` is "function", "aggregate" or
 * "collation". A code of SQLite's. */
int extension_add(sqlite3 *db, int n, const char *kind, const char *name, int arity);

#endif
