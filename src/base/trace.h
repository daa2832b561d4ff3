/* Static tracepoints of provider `callseq`, for perf, bpftrace and SystemTap, where <sys/sdt.h> is
 * there when the library is built: a nop each. Their names and arguments are in doc/reference.md.
 */
#ifndef CALLSEQ_TRACE_H
#define CALLSEQ_TRACE_H

#if defined(__has_include)
#if __has_include(<sys/sdt.h>)
#include <sys/sdt.h>
#define CALLSEQ_POINT1(name, a) DTRACE_PROBE1(callseq, name, a)
#define CALLSEQ_POINT2(name, a, b) DTRACE_PROBE2(callseq, name, a, b)
#endif
#endif

#ifndef CALLSEQ_POINT1
#define CALLSEQ_POINT1(name, a) ((void)0)
#define CALLSEQ_POINT2(name, a, b) ((void)0)
#endif

#endif
