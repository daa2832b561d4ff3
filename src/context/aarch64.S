/* Context switch for AArch64, AAPCS64.
 *
 * A stopped context is a stack pointer; above it lies:
 *
 *   offset  0  x19, x20     (a new context: the entry and its argument)
 *          16  x21, x22
 *          32  x23, x24
 *          48  x25, x26
 *          64  x27, x28
 *          80  x29, x30     (x30: the address to go on at)
 *          96  d8, d9       AAPCS64: the low halves of v8-v15 are callee-saved
 *         112  d10, d11
 *         128  d12, d13
 *         144  d14, d15
 *         160  FPCR
 *         168  unused, keeps sp 16-byte aligned
 *
 * The code goes on by ret, which branch-target identification (BTI) lets land anywhere; the entries
 * begin with bti c. Return addresses are not signed here, so the object claims BTI and not PAC.
 */
#define FRAME 176
#define BTI_C hint #34

/* Saves all but FPCR and the stack pointer, and has FPCR in x9. */
.macro SAVE_ALL
  sub sp, sp, #FRAME
  .cfi_def_cfa_offset FRAME
  stp x19, x20, [sp, #0]
  .cfi_rel_offset x19, 0
  .cfi_rel_offset x20, 8
  stp x21, x22, [sp, #16]
  .cfi_rel_offset x21, 16
  .cfi_rel_offset x22, 24
  stp x23, x24, [sp, #32]
  .cfi_rel_offset x23, 32
  .cfi_rel_offset x24, 40
  stp x25, x26, [sp, #48]
  .cfi_rel_offset x25, 48
  .cfi_rel_offset x26, 56
  stp x27, x28, [sp, #64]
  .cfi_rel_offset x27, 64
  .cfi_rel_offset x28, 72
  stp x29, x30, [sp, #80]
  .cfi_rel_offset x29, 80
  .cfi_rel_offset x30, 88
  stp d8, d9, [sp, #96]
  .cfi_rel_offset d8, 96
  .cfi_rel_offset d9, 104
  stp d10, d11, [sp, #112]
  .cfi_rel_offset d10, 112
  .cfi_rel_offset d11, 120
  stp d12, d13, [sp, #128]
  .cfi_rel_offset d12, 128
  .cfi_rel_offset d13, 136
  stp d14, d15, [sp, #144]
  .cfi_rel_offset d14, 144
  .cfi_rel_offset d15, 152
  mrs x9, fpcr
.endm

/* Changes stacks and goes on there, with the FPCR that the other side wants. */
.macro EXCHANGE
  mov x10, sp
  str x10, [x0]
  mov x0, x2

  /* The other stack has the same layout, so the unwind rules above hold on it too. */
  ldr x10, [x1]
  mov sp, x10
  ldr x10, [sp, #160]
  cmp x9, x10 /* writing FPCR is slow and seldom needed */
  b.eq 9f
  msr fpcr, x10
9:
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  .cfi_restore x19
  .cfi_restore x20
  .cfi_restore x21
  .cfi_restore x22
  .cfi_restore x23
  .cfi_restore x24
  .cfi_restore x25
  .cfi_restore x26
  .cfi_restore x27
  .cfi_restore x28
  .cfi_restore x29
  .cfi_restore x30
  .cfi_restore d8
  .cfi_restore d9
  .cfi_restore d10
  .cfi_restore d11
  .cfi_restore d12
  .cfi_restore d13
  .cfi_restore d14
  .cfi_restore d15
  add sp, sp, #FRAME
  .cfi_def_cfa_offset 0
  ret
.endm

/* void *callseq_context_switch(struct callseq_context *save: x0, struct callseq_context *resume: x1,
 *                              void *message: x2)
 * Clobbers what any C call may: x0-x18, v0-v7, v16-v31, the high halves of v8-v15, flags. */
.globl callseq_context_switch_plain
.set callseq_context_switch_plain, callseq_context_switch /* comparing FPCR costs nothing */
FUNCTION(callseq_context_switch)
  BTI_C
  SAVE_ALL
.Lstopped:
  str x9, [sp, #160]
  EXCHANGE
END(callseq_context_switch)

/* void *callseq_context_switch_fresh(save: x0, resume: x1, message: x2)
 * The same, but stores FPCR's initial value for itself. Clobbers the same. */
FUNCTION(callseq_context_switch_fresh)
  BTI_C
  SAVE_ALL
  str xzr, [sp, #160]
  EXCHANGE
END(callseq_context_switch_fresh)

/* void callseq_context_fresh(void). Clobbers x9. */
FUNCTION(callseq_context_fresh)
  BTI_C
  mrs x9, fpcr
  cbz x9, 1f
  msr fpcr, xzr
1:
  ret
END(callseq_context_fresh)

/* Where a new context begins: x19(x20), on a stack that holds what outside.S needs:
 *
 *   offset  0  the context outside
 *           8  where all of a context is saved: .Lstopped
 *          24  return address: callseq_context_outside
 *
 * Begins after the nop: who unwinds from the switch looks for the byte before. */
#define OUTSIDE 32
FUNCTION(callseq_context_start)
  .cfi_def_cfa_offset OUTSIDE
  .cfi_offset x30, -8
  nop
  mov x0, x20
  blr x19
  brk #1
END(callseq_context_start)
.hidden callseq_context_start

/* void callseq_context_make(context: x0, stack: x1, bytes: x2, entry: x3, argument: x4,
 *                           outside: x5) */
FUNCTION(callseq_context_make)
  BTI_C
  add x9, x1, x2
  and x9, x9, #-16
  adrp x10, callseq_context_outside
  add x10, x10, :lo12:callseq_context_outside
  add x10, x10, #4
  stp xzr, x10, [x9, #-16]!
  adr x10, .Lstopped
  stp x5, x10, [x9, #-16]!
  sub x9, x9, #FRAME
  mov x10, #0
1:
  str xzr, [x9, x10] /* zeroes everything, FPCR (round to nearest, no traps) included */
  add x10, x10, #8
  cmp x10, #FRAME
  b.lo 1b
  stp x3, x4, [x9, #0]
  adr x10, callseq_context_start + 4
  str x10, [x9, #88]
  str x9, [x0]
  ret
END(callseq_context_make)
.hidden callseq_context_make
