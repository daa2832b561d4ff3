;; The same as a Scheme program, whose main loop is GTK's. What is posted is executed by the library's
;; thread, which may not touch a window; so that looks twenty times a second whether there is news.
(import (chicken foreign))
(include "gui.scm")
(foreign-declare "#include <gtk/gtk.h>
                  void tick(void);
                  static gboolean tick_again(void *unused) { (void)unused; tick(); return TRUE; }")

(define news #f)
(set! changed (lambda () (set! news #t)))

(define-sequenced-callback (tick) void
  (when news
    (set! news #f)
    (show)))

(window-show)
((foreign-lambda* void () "g_timeout_add(50, tick_again, NULL);"))
((foreign-blocking-lambda void "gtk_main")) ; callbacks come in, and other threads too
(workers-stop)
(workers-end)
