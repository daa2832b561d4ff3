/* Context switch for x86-64, System V ABI.
 *
 * A stopped context is a stack pointer; above it lies:
 *
 *   offset  0    MXCSR            4 bytes  ABI: control bits callee-saved, status bits not
 *           4    x87 control word 2 bytes  ABI: callee-saved
 *           8    r15
 *          16    r14
 *          24    r13              (a new context: the entry's argument)
 *          32    r12              (a new context: the entry)
 *          40    rbx
 *          48    rbp
 *          56    address to go on at
 *
 * The code goes on by pop and an indirect jump, not by ret: after a change of stacks the return
 * predictor is always wrong, the branch predictor is nearly always right. For the same reason the
 * object must not claim shadow-stack support (SHSTK); with endbr64 at each entry and notrack on the
 * jump it does support indirect-branch tracking (IBT).
 */
#define FRAME 64
#define CONTROL 0
#define X87 4
#define STATUS_BITS 0x3f
#define INITIAL_MXCSR 0x1f80 /* all exceptions masked, round to nearest */
#define INITIAL_X87 0x37f    /* the same, 64-bit precision */

.macro PUSH register
  pushq %\register
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset %\register, 0
.endm

.macro POP register
  popq %\register
  .cfi_adjust_cfa_offset -8
  .cfi_restore %\register
.endm

.macro SAVE_REGISTERS
  PUSH rbp
  PUSH rbx
  PUSH r12
  PUSH r13
  PUSH r14
  PUSH r15
.endm

/* From a stack whose control words have been dealt with. The message is moved here, and not before,
 * so that no branch above crosses or ends at a multiple of 32 bytes: Intel's processors from Skylake
 * to Comet Lake decode such a line anew each time. */
.macro GO_ON
  movq %rdx, %rax
  addq $8, %rsp
  .cfi_adjust_cfa_offset -8
  POP r15
  POP r14
  POP r13
  POP r12
  POP rbx
  POP rbp
  popq %rcx
  .cfi_adjust_cfa_offset -8
  .cfi_register %rip, %rcx
  notrack jmp *%rcx
.endm

/* Saves all but the stack pointer, and has the control words of now in r8d and r9d. */
.macro SAVE_ALL
  SAVE_REGISTERS
  subq $8, %rsp
  .cfi_adjust_cfa_offset 8
  stmxcsr CONTROL(%rsp)
  fnstcw X87(%rsp)
  movl CONTROL(%rsp), %r8d
  movzwl X87(%rsp), %r9d
.endm

/* Changes stacks and goes on there, with the control words that the other side wants. */
.macro EXCHANGE
  movq %rsp, (%rdi)
  /* The other stack has the same layout, so the unwind rules hold on it too. */
  movq (%rsi), %rsp
  xorl CONTROL(%rsp), %r8d
  testl $~STATUS_BITS, %r8d /* loading control words is slow and seldom needed: compare first */
  jne 2f
  cmpw X87(%rsp), %r9w
  jne 2f
1:
  .cfi_remember_state
  GO_ON
2:
  .cfi_restore_state
  ldmxcsr CONTROL(%rsp)
  fnclex /* an exception that was masked here must not strike where it is not */
  fldcw X87(%rsp)
  jmp 1b
.endm

/* void *callseq_context_switch(struct callseq_context *save: rdi, struct callseq_context *resume: rsi,
 *                              void *message: rdx)
 * Clobbers what any C call may: rax, rcx, rdx, rsi, rdi, r8-r11, vector registers, flags. */
FUNCTION(callseq_context_switch)
  endbr64
  SAVE_ALL
.Lstopped:
  EXCHANGE
END(callseq_context_switch)

/* void *callseq_context_switch_fresh(save: rdi, resume: rsi, message: rdx)
 * The same, but stores the initial control words for itself. So MXCSR need not be read here, which
 * takes longer on some CPUs than to load it; of x87 it is the other way round. Clobbers the same. */
FUNCTION(callseq_context_switch_fresh)
  endbr64
  SAVE_REGISTERS
  subq $8, %rsp
  .cfi_adjust_cfa_offset 8
  fnstcw X87(%rsp)
  movzwl X87(%rsp), %r9d
  movl $INITIAL_MXCSR, CONTROL(%rsp)
  movl $INITIAL_X87, X87(%rsp)
  movq %rsp, (%rdi)
  movq (%rsi), %rsp
  ldmxcsr CONTROL(%rsp)
  cmpw X87(%rsp), %r9w
  jne 2f
1:
  .cfi_remember_state
  GO_ON
2:
  .cfi_restore_state
  fnclex
  fldcw X87(%rsp)
  jmp 1b
END(callseq_context_switch_fresh)

/* void *callseq_context_switch_plain(save: rdi, resume: rsi, message: rdx)
 * The same where both sides have the initial control words, which are neither read nor loaded; it
 * stores them, so that either switch may resume. Clobbers the same. */
FUNCTION(callseq_context_switch_plain)
  endbr64
  SAVE_REGISTERS
  movabsq $(INITIAL_X87 << 32 | INITIAL_MXCSR), %rax
  pushq %rax
  .cfi_adjust_cfa_offset 8
  movq %rsp, (%rdi)
  movq (%rsi), %rsp
  GO_ON
END(callseq_context_switch_plain)

/* void callseq_context_fresh(void). What is read and what is loaded: as in the switch above. Clobbers
 * rax, flags. */
FUNCTION(callseq_context_fresh)
  endbr64
  subq $8, %rsp
  .cfi_adjust_cfa_offset 8
  fnstcw X87(%rsp)
  movl $INITIAL_MXCSR, CONTROL(%rsp)
  ldmxcsr CONTROL(%rsp)
  movzwl X87(%rsp), %eax
  cmpl $INITIAL_X87, %eax
  je 1f
  movl $INITIAL_X87, X87(%rsp)
  fnclex /* a pending exception must not strike here */
  fldcw X87(%rsp)
1:
  addq $8, %rsp
  .cfi_adjust_cfa_offset -8
  ret
END(callseq_context_fresh)

/* Where a new context begins: r12(r13), on a stack that holds what outside.S needs:
 *
 *   offset  0    the context outside
 *           8    where all of a context is saved: .Lstopped
 *          24    return address: callseq_context_outside
 *
 * Begins after the nop: who unwinds from the switch looks for the byte before. */
#define OUTSIDE 32
FUNCTION(callseq_context_start)
  .cfi_def_cfa_offset OUTSIDE
  nop
  movq %r13, %rdi
  call *%r12
  ud2
END(callseq_context_start)
.hidden callseq_context_start

/* void callseq_context_make(context: rdi, stack: rsi, bytes: rdx, entry: rcx, argument: r8,
 *                           outside: r9) */
FUNCTION(callseq_context_make)
  endbr64
  leaq (%rsi, %rdx), %rax
  andq $-16, %rax
  subq $FRAME + OUTSIDE, %rax
  movl $INITIAL_MXCSR, CONTROL(%rax)
  movl $INITIAL_X87, X87(%rax)
  movq $0, 8(%rax)
  movq $0, 16(%rax)
  movq %r8, 24(%rax)
  movq %rcx, 32(%rax)
  movq $0, 40(%rax)
  movq $0, 48(%rax) /* rbp 0: the outermost frame, for walkers that follow frame pointers */
  leaq callseq_context_start + 1(%rip), %rcx
  movq %rcx, 56(%rax)
  movq %r9, FRAME + 0(%rax)
  leaq .Lstopped(%rip), %rcx
  movq %rcx, FRAME + 8(%rax)
  leaq callseq_context_outside + 1(%rip), %rcx
  movq %rcx, FRAME + 24(%rax)
  movq %rax, (%rdi)
  ret
END(callseq_context_make)
.hidden callseq_context_make
