/* Row glib: g_main_context_invoke, which makes a source of each event when another thread owns the
 * context. The function is C. */
#include "tell.h"

#include <glib.h>

#define TEXT(x) #x
#define NUMBER(x) TEXT(x)
const char tell_version[] = "GLib " NUMBER(GLIB_MAJOR_VERSION) "." NUMBER(
    GLIB_MINOR_VERSION) "." NUMBER(GLIB_MICRO_VERSION);

static int left;
static double sum;

static gboolean note(gpointer x) {
  sum += GPOINTER_TO_INT(x);
  if (--left == 0)
    tell_end(sum);
  return G_SOURCE_REMOVE;
}

/* Acquired before anybody tells, or that thread would run the function itself. */
void tell_start(int events) {
  left = events;
  if (!g_main_context_acquire(NULL))
    row_fail("the context has an owner");
}

bool tell(int x) {
  g_main_context_invoke(NULL, note, GINT_TO_POINTER(x));
  return true;
}

void tell_serve(void) { g_main_loop_run(g_main_loop_new(NULL, FALSE)); }
