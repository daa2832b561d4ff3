/* Context switch for s390x, the ELF ABI of z/Architecture.
 *
 * A stopped context is a stack pointer; above it lies:
 *
 *   offset  0  f8-f15       8 bytes each; the halves of v8-v15 that are callee-saved
 *          64  FPC          control bits kept by functions, flags not
 *          72  the frame of the function that goes on, 160 bytes; there the ABI has callees keep:
 *         120  r6, r7       (a new context: the entry and its argument)
 *         136  r8-r13
 *         184  r14          address to go on at
 *
 * The access registers a0 and a1 point to the thread and stay with it.
 */
#define FLOATS 0
#define CONTROL 64
#define FRAME 72
#define CALLER_GENERAL 48 /* r6 and so on, in the caller's frame */
#define CALLER_LINK 112
#define CALLER_FRAME 160
#define CONTROL_BITS 0xfc000077 /* of FPC: exceptions enabled, decimal and binary rounding */

.machine "zEC12"

/* The caller's r15 is the CFA less its frame: DW_CFA_val_offset, in units of -8 bytes. The directive
 * for it is not known to every assembler. */
#define VAL_OFFSET 0x14
#define R15 15

/* How DWARF numbers f8-f15. */
.macro EACH_FLOAT body
  \body 8, 24
  \body 9, 28
  \body 10, 25
  \body 11, 29
  \body 12, 26
  \body 13, 30
  \body 14, 27
  \body 15, 31
.endm

.macro SAVE_FLOAT n, dwarf
  std %f\n, FLOATS + 8 * (\n - 8)(%r15)
  .cfi_rel_offset \dwarf, FLOATS + 8 * (\n - 8)
.endm

.macro LOAD_FLOAT n, dwarf
  ld %f\n, FLOATS + 8 * (\n - 8)(%r15)
  .cfi_restore \dwarf
.endm

/* Saves all but FPC and the stack pointer, and has FPC in r0. */
.macro SAVE_ALL
  stmg %r6, %r14, CALLER_GENERAL(%r15)
  .irp n, 6, 7, 8, 9, 10, 11, 12, 13, 14
  .cfi_rel_offset %r\n, CALLER_GENERAL + 8 * (\n - 6)
  .endr
  aghi %r15, -FRAME
  .cfi_adjust_cfa_offset FRAME
  .cfi_escape VAL_OFFSET, R15, CALLER_FRAME / 8
  EACH_FLOAT SAVE_FLOAT
  efpc %r0
.endm

/* Changes stacks and goes on there, with the FPC that the other side wants. */
.macro EXCHANGE
  stg %r15, 0(%r2)
  lgr %r2, %r4
  /* The other stack has the same layout, so the unwind rules hold on it too. */
  lg %r15, 0(%r3)
  l %r1, CONTROL(%r15)
  xr %r0, %r1
  nilf %r0, CONTROL_BITS
  jz 9f
  sfpc %r1 /* is slow and seldom needed */
9:
  EACH_FLOAT LOAD_FLOAT
  aghi %r15, FRAME
  .cfi_adjust_cfa_offset -FRAME
  .cfi_restore %r15
  lmg %r6, %r14, CALLER_GENERAL(%r15)
  .irp n, 6, 7, 8, 9, 10, 11, 12, 13, 14
  .cfi_restore %r\n
  .endr
  br %r14
.endm

/* void *callseq_context_switch(struct callseq_context *save: r2, struct callseq_context *resume: r3,
 *                              void *message: r4)
 * Clobbers what any C call may: r0-r5, r14, f0-f7, vector registers but for the halves saved, the
 * condition code. */
.globl callseq_context_switch_plain
.set callseq_context_switch_plain, callseq_context_switch /* comparing FPC costs little */
FUNCTION(callseq_context_switch)
  SAVE_ALL
  st %r0, CONTROL(%r15)
  EXCHANGE
END(callseq_context_switch)

/* void *callseq_context_switch_fresh(save: r2, resume: r3, message: r4)
 * The same, but stores FPC's initial value for itself. Clobbers the same. */
FUNCTION(callseq_context_switch_fresh)
  SAVE_ALL
  mvhi CONTROL(%r15), 0
  EXCHANGE
END(callseq_context_switch_fresh)

/* void callseq_context_fresh(void). Clobbers r0, the condition code. */
FUNCTION(callseq_context_fresh)
  efpc %r0
  nilf %r0, CONTROL_BITS
  bzr %r14
  lhi %r0, 0
  sfpc %r0
  br %r14
END(callseq_context_fresh)

/* Where a new context begins: r6(r7), on an empty stack. Unwinding ends here. Begins after the
 * nop: who unwinds from the switch looks for the byte before. */
FUNCTION(callseq_context_start)
  .cfi_undefined %r14
  nopr %r7
.Lbegin:
  lgr %r2, %r7
  basr %r14, %r6
  .short 0 /* no instruction */
END(callseq_context_start)
.hidden callseq_context_start

/* void callseq_context_make(context: r2, stack: r3, bytes: r4, entry: r5, argument: r6,
 *                           outside: on the stack); nothing leads debuggers outside here */
FUNCTION(callseq_context_make)
  agr %r3, %r4
  nill %r3, 0xfff8
  aghi %r3, -(FRAME + CALLER_FRAME)
  xc 0(FRAME + CALLER_FRAME, %r3), 0(%r3) /* zeroes everything, FPC and the back chain included */
  stg %r5, FRAME + CALLER_GENERAL(%r3)
  stg %r6, FRAME + CALLER_GENERAL + 8(%r3)
  larl %r1, .Lbegin
  stg %r1, FRAME + CALLER_LINK(%r3)
  stg %r3, 0(%r2)
  br %r14
END(callseq_context_make)
.hidden callseq_context_make
