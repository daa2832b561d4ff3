/* Rows plain, plain-eval, plain-mixed: the measured thread owns CHICKEN and calls it directly. */
#include "row.h"

#include <chicken.h>

void row_start(void) { CHICKEN_run(C_toplevel); }

ROW_CALLS(WORKLOAD(i))
