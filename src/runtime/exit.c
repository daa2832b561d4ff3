/* The end of the process by Scheme: callseq.scm has run its on-exit thunks. C's atexit functions do
 * not run: other threads may be anywhere in what those would take down. */
#define _DEFAULT_SOURCE /* which chicken.h switches off */
#include <chicken.h>

#include "runtime.h"

#include "handles.h"
#include "later.h"
#include "scheme.h"
#include "system/system.h"

#include <unistd.h>

void callseq_scheme_exit(int code) {
  callseq_handles_report(&callseq_runtime);
  callseq_later_exit(&callseq_runtime);
  callseq_system_write_out();
  _exit(code);
}
