/* Context switch for 64-bit RISC-V with floats in registers, the ABI LP64D.
 *
 * A stopped context is a stack pointer; above it lies:
 *
 *   offset   0  s0-s11       8 bytes each (a new context: the entry in s1, its argument in s2)
 *           96  fs0-fs11     8 bytes each
 *          192  ra           address to go on at
 *          200  frm          the rounding mode: all the control that fcsr has, the rest is flags
 *
 * gp and tp belong to the process and the thread, and stay with them.
 */
#define GENERAL 0
#define FLOATS 96
#define LINK 192
#define CONTROL 200
#define FRAME 208

/* Saves all but frm and the stack pointer, and has frm in t0. */
.macro SAVE_ALL
  addi sp, sp, -FRAME
  .cfi_def_cfa_offset FRAME
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
  sd s\n, GENERAL + 8 * \n(sp)
  .cfi_rel_offset s\n, GENERAL + 8 * \n
  .endr
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
  fsd fs\n, FLOATS + 8 * \n(sp)
  .cfi_rel_offset fs\n, FLOATS + 8 * \n
  .endr
  sd ra, LINK(sp)
  .cfi_rel_offset ra, LINK
  frrm t0
.endm

/* Changes stacks and goes on there, with the rounding mode that the other side wants. */
.macro EXCHANGE
  sd sp, 0(a0)
  mv a0, a2
  /* The other stack has the same layout, so the unwind rules above hold on it too. */
  ld sp, 0(a1)
  ld t1, CONTROL(sp)
  beq t0, t1, 9f
  fsrm t1 /* may be slow and is seldom needed */
9:
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
  ld s\n, GENERAL + 8 * \n(sp)
  .cfi_restore s\n
  .endr
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
  fld fs\n, FLOATS + 8 * \n(sp)
  .cfi_restore fs\n
  .endr
  ld ra, LINK(sp)
  .cfi_restore ra
  addi sp, sp, FRAME
  .cfi_def_cfa_offset 0
  ret
.endm

/* void *callseq_context_switch(struct callseq_context *save: a0, struct callseq_context *resume: a1,
 *                              void *message: a2)
 * Clobbers what any C call may: ra, t0-t6, a0-a7, ft0-ft11, fa0-fa7, vector registers. */
.globl callseq_context_switch_plain
.set callseq_context_switch_plain, callseq_context_switch /* comparing frm costs little */
FUNCTION(callseq_context_switch)
  SAVE_ALL
  sd t0, CONTROL(sp)
  EXCHANGE
END(callseq_context_switch)

/* void *callseq_context_switch_fresh(save: a0, resume: a1, message: a2)
 * The same, but stores frm's initial value for itself. Clobbers the same. */
FUNCTION(callseq_context_switch_fresh)
  SAVE_ALL
  sd zero, CONTROL(sp)
  EXCHANGE
END(callseq_context_switch_fresh)

/* void callseq_context_fresh(void). Clobbers t0. */
FUNCTION(callseq_context_fresh)
  frrm t0
  beqz t0, 1f
  fsrm zero
1:
  ret
END(callseq_context_fresh)

/* Where a new context begins: s1(s2), on an empty stack. Unwinding ends here. Begins after the
 * nop: who unwinds from the switch looks for the byte before. */
FUNCTION(callseq_context_start)
  .cfi_undefined ra
  nop
.Lbegin:
  mv a0, s2
  jalr s1
  ebreak
END(callseq_context_start)
.hidden callseq_context_start

/* void callseq_context_make(context: a0, stack: a1, bytes: a2, entry: a3, argument: a4,
 *                           outside: a5); nothing leads debuggers outside here */
FUNCTION(callseq_context_make)
  add a1, a1, a2
  andi a1, a1, -16
  addi a2, a1, -FRAME
1:
  addi a1, a1, -8
  sd zero, 0(a1) /* zeroes everything, frm (round to nearest) and the frame pointer s0 included */
  bne a1, a2, 1b
  sd a3, GENERAL + 8(a1)
  sd a4, GENERAL + 16(a1)
  lla t0, .Lbegin
  sd t0, LINK(a1)
  sd a1, 0(a0)
  ret
END(callseq_context_make)
.hidden callseq_context_make
