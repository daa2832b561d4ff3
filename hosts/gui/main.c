/* gui: a window in C, what happens in it in Scheme. GTK's loop is the library's service: what
 * threads post is executed by its thread, which is the only one that may touch a window. */
#include "gui.h"
#include <callseq.h>
#include <glib-unix.h>
#include <gtk/gtk.h>

static gboolean serve(int fd, GIOCondition condition, void *unused) {
  (void)fd, (void)condition, (void)unused;
  callseq_serve(0);
  return TRUE;
}

int main(void) {
  callseq_config config = CALLSEQ_CONFIG_DEFAULT;
  config.service = CALLSEQ_SERVICE_HOST;
  config.batch_limit = CALLSEQ_BATCH_NONE; /* no other thread executes what this one is for */
  if (callseq_init_with(&config) != CALLSEQ_OK)
    return 1;
  window_show();
  g_unix_fd_add(callseq_service_fd(), G_IO_IN, serve, NULL);
  gtk_main();
  workers_stop();
  workers_end();
  return 0;
}
