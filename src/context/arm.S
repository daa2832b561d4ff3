/* Context switch for 32-bit Arm, AAPCS with the hard-float variant (armhf).
 *
 * A stopped context is a stack pointer; above it lies:
 *
 *   offset  0  FPSCR        AAPCS: control bits kept by functions, status bits not
 *           4  r4, r5       (a new context: the entry and its argument)
 *          12  r6, r7
 *          20  r8, r9
 *          28  r10, r11
 *          36  address to go on at
 *          40  d8-d15       8 bytes each
 *
 * This is Arm code, whatever the caller is: the linker has calls from Thumb code change over, and
 * the addresses to go on at and to enter say by their lowest bit what lies there.
 */
#define CONTROL 0
#define GENERAL 4
#define LINK 36
#define FRAME 104
#define STATUS_BITS_HIGH 0xf8000000 /* N Z C V QC; the two are immediates of one instruction each */
#define STATUS_BITS_LOW 0x9f        /* exceptions that have come */

.syntax unified
.arm
.fpu vfpv3-d16
.cfi_sections .debug_frame /* exceptions are unwound by other tables on this CPU */

/* Saves all but the stack pointer, and has FPSCR in r12. */
.macro SAVE_ALL
  vpush {d8-d15}
  .cfi_adjust_cfa_offset 64
  .irp n, 8, 9, 10, 11, 12, 13, 14, 15
  .cfi_rel_offset d\n, 8 * (\n - 8)
  .endr
  push {r4-r11, lr}
  .cfi_adjust_cfa_offset 36
  .irp n, 4, 5, 6, 7, 8, 9, 10, 11
  .cfi_rel_offset r\n, 4 * (\n - 4)
  .endr
  .cfi_rel_offset lr, 32
  vmrs r12, fpscr
.endm

/* Changes stacks and goes on there, with the FPSCR that the other side wants. */
.macro EXCHANGE
  .cfi_adjust_cfa_offset 4 /* the caller of this has stored FPSCR's new value */
  str sp, [r0]
  mov r0, r2
  /* The other stack has the same layout, so the unwind rules hold on it too. */
  ldr sp, [r1]
  pop {r1}
  .cfi_adjust_cfa_offset -4
  eor r12, r12, r1
  bic r12, r12, #STATUS_BITS_HIGH
  bics r12, r12, #STATUS_BITS_LOW
  vmsrne fpscr, r1 /* is slow and seldom needed */
  pop {r4-r11, lr}
  .cfi_adjust_cfa_offset -36
  .irp n, 4, 5, 6, 7, 8, 9, 10, 11
  .cfi_restore r\n
  .endr
  .cfi_restore lr
  vpop {d8-d15}
  .cfi_adjust_cfa_offset -64
  .irp n, 8, 9, 10, 11, 12, 13, 14, 15
  .cfi_restore d\n
  .endr
  bx lr
.endm

/* void *callseq_context_switch(struct callseq_context *save: r0, struct callseq_context *resume: r1,
 *                              void *message: r2)
 * Clobbers what any C call may: r0-r3, r12, lr, d0-d7, d16-d31, flags. */
.globl callseq_context_switch_plain
.set callseq_context_switch_plain, callseq_context_switch /* comparing FPSCR costs little */
FUNCTION(callseq_context_switch)
  SAVE_ALL
  push {r12}
  EXCHANGE
END(callseq_context_switch)

/* void *callseq_context_switch_fresh(save: r0, resume: r1, message: r2)
 * The same, but stores FPSCR's initial value for itself. Clobbers the same. */
FUNCTION(callseq_context_switch_fresh)
  SAVE_ALL
  mov r3, #0
  push {r3}
  EXCHANGE
END(callseq_context_switch_fresh)

/* void callseq_context_fresh(void). Clobbers r0, r1, flags. */
FUNCTION(callseq_context_fresh)
  vmrs r0, fpscr
  bic r0, r0, #STATUS_BITS_HIGH
  bics r0, r0, #STATUS_BITS_LOW
  movne r1, #0
  vmsrne fpscr, r1
  bx lr
END(callseq_context_fresh)

/* Where a new context begins: r4(r5), on an empty stack. Unwinding ends here. Begins after the
 * nop: who unwinds from the switch looks for the byte before. */
FUNCTION(callseq_context_start)
  .fnstart
  .cantunwind
  .cfi_undefined lr
  nop
  mov r0, r5
  blx r4
  udf #0
  .fnend
END(callseq_context_start)
.hidden callseq_context_start

/* void callseq_context_make(context: r0, stack: r1, bytes: r2, entry: r3, argument, outside: on the stack).
 * Nothing leads debuggers outside here. */
FUNCTION(callseq_context_make)
  add r1, r1, r2
  bic r1, r1, #15
  sub r1, r1, #FRAME
  mov r12, #0
  mov r2, #FRAME
1:
  subs r2, r2, #4
  str r12, [r1, r2] /* zeroes everything, FPSCR (round to nearest, no traps) included */
  bne 1b
  str r3, [r1, #GENERAL]
  ldr r3, [sp]
  str r3, [r1, #GENERAL + 4]
  adr r3, callseq_context_start + 4
  str r3, [r1, #LINK]
  str r1, [r0]
  bx lr
END(callseq_context_make)
.hidden callseq_context_make
