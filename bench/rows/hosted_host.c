/* Rows callseq-hosted and callseq-cncb: the Scheme program (hosted.scm) is ready before it runs
 * main.c.
 */
#include "row.h"

void row_start(void) {}

ROW_CALLS(WORKLOAD(i))
