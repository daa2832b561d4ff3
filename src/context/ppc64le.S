/* Context switch for 64-bit POWER, little-endian, ELFv2 ABI; POWER8 and later.
 *
 * A stopped context is a stack pointer; above it lies:
 *
 *   offset  0    back chain
 *           8    FPSCR's control bits, which ELFv2 has functions keep, and not the status bits
 *          16    VSCR, in 16 bytes the lowest word: the same, control is its bit NJ
 *          32    v20-v31        16 bytes each
 *         224    f14-f31
 *         368    r14-r31        (a new context: the entry in r14, its argument in r15)
 *         512    r2             the TOC of the code that goes on, if that did not save it itself
 *         520    unused, keeps r1 16-byte aligned
 *         528    the frame of the function that goes on; there the ABI has callees keep:
 *         536    CR             cr2-cr4 are callee-saved
 *         544    LR             address to go on at
 *
 * Nothing here uses a TOC: so a function has one entry, for callers near and far, and keeps r2.
 */
#define FPSCR 8
#define VSCR 16
#define VECTORS 32
#define FLOATS 224
#define GENERAL 368
#define TOC 512
#define FRAME 528
#define CALLER_CR 8
#define CALLER_LR 16
#define HEADER 32           /* the smallest frame: back chain, CR, LR, TOC */
#define NON_JAVA_HIGH 1     /* VSCR[NJ], in the high half of the word: denormals are zero */

/* DWARF's numbers: a general register's is its own. */
#define DWARF_FLOATS 32
#define DWARF_LR 65
#define DWARF_CRS 68
#define DWARF_VECTORS 77

/* Has FPSCR's control bits in `register`: DRN, eight bits of exceptions enabled and rounding. */
.macro READ_FPSCR register, scratch
  mffs 0
  mfvsrd \scratch, 0
  andi. \register, \scratch, 0xff
  rldicl \scratch, \scratch, 32, 61
  rldimi \register, \scratch, 32, 29
.endm

/* Saves all but the stack pointer, and has the control bits of FPSCR in r9, VSCR in r10. */
.macro SAVE_ALL
  mflr 0
  mfcr 12
  std 0, CALLER_LR(1)
  .cfi_offset DWARF_LR, CALLER_LR
  stw 12, CALLER_CR(1)
  .irp n, 2, 3, 4
  .cfi_offset DWARF_CRS + \n, CALLER_CR
  .endr
  stdu 1, -FRAME(1)
  .cfi_def_cfa_offset FRAME
  .irp n, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  li 11, VECTORS + 16 * (\n - 20)
  stvx \n, 11, 1
  .cfi_rel_offset DWARF_VECTORS + \n, VECTORS + 16 * (\n - 20)
  .endr
  .irp n, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  stfd \n, FLOATS + 8 * (\n - 14)(1)
  .cfi_rel_offset DWARF_FLOATS + \n, FLOATS + 8 * (\n - 14)
  .endr
  .irp n, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  std \n, GENERAL + 8 * (\n - 14)(1)
  .cfi_rel_offset \n, GENERAL + 8 * (\n - 14)
  .endr
  std 2, TOC(1)
  .cfi_rel_offset 2, TOC
  READ_FPSCR 9, 0
  mfvscr 0
  li 11, VSCR
  stvx 0, 11, 1
  lwz 10, VSCR(1)
.endm

/* Changes stacks and goes on there, with the FPSCR and VSCR that the other side wants. */
.macro EXCHANGE
  std 1, 0(3)
  mr 3, 5
  /* The other stack has the same layout, so the unwind rules above hold on it too. */
  ld 1, 0(4)
  ld 0, FPSCR(1)
  cmpd 9, 0 /* writing either is slow and seldom needed */
  beq 8f
  lfd 0, FPSCR(1)
  mtfsf 0xff, 0, 1, 0 /* status too: an exception that was off here must not strike there */
8:
  lwz 0, VSCR(1)
  xor 0, 0, 10
  andis. 0, 0, NON_JAVA_HIGH
  beq 9f
  li 11, VSCR
  lvx 0, 11, 1
  mtvscr 0
9:
  .irp n, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  li 11, VECTORS + 16 * (\n - 20)
  lvx \n, 11, 1
  .cfi_restore DWARF_VECTORS + \n
  .endr
  .irp n, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  lfd \n, FLOATS + 8 * (\n - 14)(1)
  .cfi_restore DWARF_FLOATS + \n
  .endr
  .irp n, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  ld \n, GENERAL + 8 * (\n - 14)(1)
  .cfi_restore \n
  .endr
  ld 2, TOC(1)
  .cfi_restore 2
  addi 1, 1, FRAME
  .cfi_def_cfa_offset 0
  ld 0, CALLER_LR(1)
  lwz 12, CALLER_CR(1)
  mtlr 0
  .cfi_restore DWARF_LR
  mtcrf 0x38, 12
  .irp n, 2, 3, 4
  .cfi_restore DWARF_CRS + \n
  .endr
  blr
.endm

/* void *callseq_context_switch(struct callseq_context *save: r3, struct callseq_context *resume: r4,
 *                              void *message: r5)
 * Clobbers what any C call may: r0, r3-r12, f0-f13, v0-v19, vs0-vs31's low halves, cr0, cr1, cr5-cr7,
 * CTR, XER. */
.globl callseq_context_switch_plain
.set callseq_context_switch_plain, callseq_context_switch /* comparing is a small part of it */
FUNCTION(callseq_context_switch)
  SAVE_ALL
  std 9, FPSCR(1)
  EXCHANGE
END(callseq_context_switch)

/* void *callseq_context_switch_fresh(save: r3, resume: r4, message: r5)
 * The same, but stores the initial values of FPSCR and VSCR for itself. Clobbers the same. */
FUNCTION(callseq_context_switch_fresh)
  SAVE_ALL
  li 0, 0
  std 0, FPSCR(1)
  stw 0, VSCR(1)
  EXCHANGE
END(callseq_context_switch_fresh)

/* void callseq_context_fresh(void). Clobbers r9, r10, f0, v0, cr0; and what is below r1. */
FUNCTION(callseq_context_fresh)
  READ_FPSCR 9, 10
  cmpdi 9, 0
  beq 1f
  li 9, 0
  mtvsrd 0, 9
  mtfsf 0xff, 0, 1, 0
1:
  mfvscr 0
  addi 9, 1, -16 /* aligned, and below r1 the ABI leaves 288 bytes to functions that call none */
  stvx 0, 0, 9
  lwz 10, 0(9)
  andis. 10, 10, NON_JAVA_HIGH
  beqlr
  vxor 0, 0, 0
  mtvscr 0
  blr
END(callseq_context_fresh)

/* Where a new context begins: r14(r15), on an empty stack. Unwinding ends here. Begins after
 * the nop: who unwinds from the switch looks for the byte before. */
FUNCTION(callseq_context_start)
  .cfi_undefined DWARF_LR
  nop
  mr 12, 14 /* a function called by its address expects it there */
  mtctr 12
  mr 3, 15
  bctrl
  trap
END(callseq_context_start)
.hidden callseq_context_start

/* void callseq_context_make(context: r3, stack: r4, bytes: r5, entry: r6, argument: r7,
 *                           outside: r8); nothing leads debuggers outside here */
FUNCTION(callseq_context_make)
  add 4, 4, 5
  clrrdi 4, 4, 4
  addi 4, 4, -(FRAME + HEADER)
  li 0, (FRAME + HEADER) / 8
  mtctr 0
  li 0, 0
  addi 5, 4, -8
1:
  stdu 0, 8(5) /* zeroes everything: control is initial, and the last back chain ends the chain */
  bdnz 1b
  addi 5, 4, FRAME
  std 5, 0(4)
  std 6, GENERAL(4)
  std 7, GENERAL + 8(4)
  mflr 0
  .cfi_register DWARF_LR, 0
  bcl 20, 31, 2f /* the form of "where am I" that is not predicted as a call */
2:
  mflr 5
  mtlr 0
  .cfi_restore DWARF_LR
  addi 5, 5, callseq_context_start + 4 - 2b
  std 5, FRAME + CALLER_LR(4)
  std 4, 0(3)
  blr
END(callseq_context_make)
.hidden callseq_context_make
