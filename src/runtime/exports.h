/* The headers whose functions programs link against. In a shared object everything else stays
 * hidden: the library is compiled with -fvisibility=hidden. Needs <chicken.h> before it. */
#ifndef CALLSEQ_EXPORTS_H
#define CALLSEQ_EXPORTS_H

#pragma GCC visibility push(default)
#include "../../callseq.h"
#include "context/context.h"
#include "sequence/sequencer.h"

#include "self.h"

#include "abi.h"
#pragma GCC visibility pop

#endif
