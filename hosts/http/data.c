/* The database's connections. Each waits up to ten seconds for another one's lock, and knows an SQL
 * function wait(MS), which stands for a query that takes long. */
#include "http.h"
#include <sqlite3.h>
#include <stddef.h>

static void wait_in_sql(sqlite3_context *context, int count, sqlite3_value **values) {
  (void)count;
  sqlite3_result_int(context, sqlite3_sleep(sqlite3_value_int(values[0])));
}

sqlite3 *data_open(const char *file) {
  sqlite3 *data = NULL;
  if (sqlite3_open(file, &data) == SQLITE_OK && sqlite3_busy_timeout(data, 10000) == SQLITE_OK &&
      sqlite3_create_function(data, "wait", 1, SQLITE_UTF8, NULL, wait_in_sql, NULL, NULL) ==
          SQLITE_OK)
    return data;
  sqlite3_close(data);
  return NULL;
}
