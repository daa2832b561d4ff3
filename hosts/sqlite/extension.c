/* A loadable extension of SQLite (.load ./scheme) whose functions are written in Scheme. The
 * threads that run queries call in, each on a connection of its own or several on one. */
#include "extension.h"
#include "functions.h"
#include <callseq.h>
#include <stdint.h>
#include <string.h>
SQLITE_EXTENSION_INIT1

static int number(sqlite3_context *context) { return (int)(intptr_t)sqlite3_user_data(context); }

static void check(sqlite3_context *context, int status) {
  if (status != CALLSEQ_OK)
    sqlite3_result_error(context, callseq_last_error(), -1);
}

static void call(sqlite3_context *context, int count, sqlite3_value **values) {
  check(context, sql_call(number(context), context, count, values));
}

/* An aggregate's state, which SQLite keeps a place for, NULL at first. Each step makes a new one.
 */
static void step(sqlite3_context *context, int count, sqlite3_value **values) {
  callseq_handle **kept = sqlite3_aggregate_context(context, sizeof *kept), *next;
  if (!kept) {
    sqlite3_result_error_nomem(context);
    return;
  }
  int status = sql_step(number(context), *kept, count, values, &next);
  check(context, status);
  if (status != CALLSEQ_OK)
    return;
  callseq_handle_release(*kept);
  *kept = next;
}

/* Called in the end, also after an error. */
static void end(sqlite3_context *context) {
  callseq_handle **kept = sqlite3_aggregate_context(context, 0);
  check(context, sql_end(number(context), kept ? *kept : NULL, context));
  if (kept)
    callseq_handle_release(*kept);
}

/* SQLite takes no error here: what cannot be compared is equal. */
static int compare(void *n, int a_size, const void *a, int b_size, const void *b) {
  int order = 0;
  sql_compare((int)(intptr_t)n, (void *)a, a_size, (void *)b, b_size, &order);
  return order;
}

static void updated(void *unused, int operation, const char *database, const char *table,
                    sqlite3_int64 row) {
  (void)unused, (void)database, (void)row;
  sql_updated(operation, (char *)table);
}

int extension_add(sqlite3 *db, int n, const char *kind, const char *name, int arity) {
  void *data = (void *)(intptr_t)n;
  if (!strcmp(kind, "collation"))
    return sqlite3_create_collation_v2(db, name, SQLITE_UTF8, data, compare, NULL);
  if (!strcmp(kind, "aggregate"))
    return sqlite3_create_function_v2(db, name, arity, SQLITE_UTF8, data, NULL, step, end, NULL);
  return sqlite3_create_function_v2(db, name, arity, SQLITE_UTF8, data, call, NULL, NULL, NULL);
}

__attribute__((visibility("default"))) int sqlite3_extension_init(sqlite3 *db, char **message,
                                                                  const sqlite3_api_routines *api) {
  SQLITE_EXTENSION_INIT2(api);
  int code = SQLITE_ERROR;
  if (callseq_init() != CALLSEQ_OK || sql_add_all(db, &code) != CALLSEQ_OK) {
    *message = sqlite3_mprintf("%s", callseq_last_error());
    return SQLITE_ERROR;
  }
  if (code != SQLITE_OK)
    return code;
  sqlite3_update_hook(db, updated, NULL);
  return SQLITE_OK_LOAD_PERMANENTLY; /* Scheme cannot be unloaded */
}
