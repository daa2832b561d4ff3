/* Context switch for i386, System V ABI.
 *
 * A stopped context is a stack pointer; above it lies:
 *
 *   offset  0    MXCSR            4 bytes  unused where the CPU has no SSE
 *           4    x87 control word 2 bytes  ABI: callee-saved
 *           8    edi
 *          12    esi              (a new context: the entry's argument)
 *          16    ebx              (a new context: the entry)
 *          20    ebp
 *          24    address to go on at
 *
 * Programs may use SSE where the library was compiled without, and the C library's fesetround sets
 * MXCSR too on a CPU that has it: so callseq_context_make asks the CPU.
 *
 * The code goes on by pop and an indirect jump, for the reasons given in x86_64.S.
 */
#define CONTROL 0
#define X87 4
#define FRAME 28
#define STATUS_BITS 0x3f
#define INITIAL_MXCSR 0x1f80 /* all exceptions masked, round to nearest */
#define INITIAL_X87 0x37f    /* the same, 64-bit precision */
#define CPUID_SSE (1 << 25)

.macro PUSH register
  pushl %\register
  .cfi_adjust_cfa_offset 4
  .cfi_rel_offset %\register, 0
.endm

.macro POP register
  popl %\register
  .cfi_adjust_cfa_offset -4
  .cfi_restore %\register
.endm

/* Has the address of `symbol` in `register`, wherever the object is loaded. */
.macro ADDRESS symbol, register
  call 8f
8:
  .cfi_adjust_cfa_offset 4
  popl %\register
  .cfi_adjust_cfa_offset -4
  addl $\symbol - 8b, %\register
.endm

/* Goes to `label` if the CPU has no SSE. Clobbers ecx. */
.macro UNLESS_SSE label
#if !defined(__SSE__)
  ADDRESS has_sse, ecx
  cmpb $0, (%ecx)
  je \label
#endif
.endm

.macro SAVE_REGISTERS
  PUSH ebp
  PUSH ebx
  PUSH esi
  PUSH edi
  subl $8, %esp
  .cfi_adjust_cfa_offset 8
.endm

/* From a stack whose control words have been dealt with. */
.macro GO_ON
  addl $8, %esp
  .cfi_adjust_cfa_offset -8
  POP edi
  POP esi
  POP ebx
  POP ebp
  popl %ecx
  .cfi_adjust_cfa_offset -4
  .cfi_register %eip, %ecx
  notrack jmp *%ecx
.endm

/* Changes stacks. The other one has the same layout, so the unwind rules hold on it too. */
.macro EXCHANGE_STACKS
  movl FRAME(%esp), %ecx
  movl FRAME+4(%esp), %edx
  movl FRAME+8(%esp), %eax
  movl %esp, (%ecx)
  movl (%edx), %esp
.endm

/* Goes on on the new stack with the control words that it wants, if they are not those in esi and
 * edi: loading them is slow and seldom needed. */
.macro GO_ON_WITH_CONTROL
  cmpw X87(%esp), %di
  jne 2f
1:
  UNLESS_SSE 3f
  xorl CONTROL(%esp), %esi
  testl $~STATUS_BITS, %esi
  jne 4f
3:
  .cfi_remember_state
  GO_ON
2:
  .cfi_restore_state
  fnclex /* an exception that was masked here must not strike where it is not */
  fldcw X87(%esp)
  jmp 1b
4:
  ldmxcsr CONTROL(%esp)
  jmp 3b
.endm

/* Saves the control words, and has them in esi and edi. */
.macro SAVE_CONTROL
  fnstcw X87(%esp)
  movzwl X87(%esp), %edi
  UNLESS_SSE 7f
  stmxcsr CONTROL(%esp)
  movl CONTROL(%esp), %esi
7:
.endm

/* What a context has that goes on with initial control. */
.macro SET_INITIAL_CONTROL sp
  movl $INITIAL_MXCSR, CONTROL(%\sp)
  movl $INITIAL_X87, X87(%\sp)
.endm

/* void *callseq_context_switch(struct callseq_context *save, struct callseq_context *resume,
 *                              void *message)
 * Clobbers what any C call may: eax, ecx, edx, x87 and vector registers, flags. */
FUNCTION(callseq_context_switch)
  endbr32
  SAVE_REGISTERS
  SAVE_CONTROL
  EXCHANGE_STACKS
  GO_ON_WITH_CONTROL
END(callseq_context_switch)

/* void *callseq_context_switch_fresh(save, resume, message)
 * The same, but stores the initial control words for itself. Clobbers the same. */
FUNCTION(callseq_context_switch_fresh)
  endbr32
  SAVE_REGISTERS
  SAVE_CONTROL
  SET_INITIAL_CONTROL esp
  EXCHANGE_STACKS
  GO_ON_WITH_CONTROL
END(callseq_context_switch_fresh)

/* void *callseq_context_switch_plain(save, resume, message)
 * The same where both sides have the initial control words, which are neither read nor loaded; it
 * stores them, so that either switch may resume. Clobbers the same. */
FUNCTION(callseq_context_switch_plain)
  endbr32
  SAVE_REGISTERS
  SET_INITIAL_CONTROL esp
  EXCHANGE_STACKS
  GO_ON
END(callseq_context_switch_plain)

/* void callseq_context_fresh(void). Clobbers eax, ecx, flags. */
FUNCTION(callseq_context_fresh)
  endbr32
  subl $8, %esp
  .cfi_adjust_cfa_offset 8
  fnstcw X87(%esp)
  cmpw $INITIAL_X87, X87(%esp)
  je 1f
  movl $INITIAL_X87, X87(%esp)
  fnclex /* a pending exception must not strike here */
  fldcw X87(%esp)
1:
  UNLESS_SSE 2f
  stmxcsr CONTROL(%esp)
  movl CONTROL(%esp), %eax
  xorl $INITIAL_MXCSR, %eax
  testl $~STATUS_BITS, %eax
  je 2f
  movl $INITIAL_MXCSR, CONTROL(%esp)
  ldmxcsr CONTROL(%esp)
2:
  addl $8, %esp
  .cfi_adjust_cfa_offset -8
  ret
END(callseq_context_fresh)

/* Where a new context begins: ebx(esi), on an empty stack. Unwinding ends here. Begins after the nop:
 * who unwinds from the switch looks for the byte before. */
FUNCTION(callseq_context_start)
  .cfi_undefined %eip
  nop
  subl $12, %esp /* esp is a multiple of 16 at the call */
  .cfi_adjust_cfa_offset 12
  pushl %esi
  .cfi_adjust_cfa_offset 4
  call *%ebx
  ud2
END(callseq_context_start)
.hidden callseq_context_start

/* void callseq_context_make(context, stack, bytes, entry, argument, outside), all on the stack.
 * Nothing leads debuggers outside here. */
FUNCTION(callseq_context_make)
  endbr32
#if !defined(__SSE__)
  PUSH ebx
  movl $1, %eax
  cpuid
  testl $CPUID_SSE, %edx
  setne %al
  ADDRESS has_sse, ecx
  movb %al, (%ecx)
  POP ebx
#endif
  movl 8(%esp), %eax
  addl 12(%esp), %eax
  andl $-16, %eax
  subl $FRAME, %eax
  SET_INITIAL_CONTROL eax
  movl $0, 8(%eax)
  movl 20(%esp), %ecx
  movl %ecx, 12(%eax)
  movl 16(%esp), %ecx
  movl %ecx, 16(%eax)
  movl $0, 20(%eax) /* ebp 0: the outermost frame, for walkers that follow frame pointers */
  ADDRESS callseq_context_start+1, ecx
  movl %ecx, 24(%eax)
  movl 4(%esp), %ecx
  movl %eax, (%ecx)
  ret
END(callseq_context_make)
.hidden callseq_context_make

#if !defined(__SSE__)
.local has_sse
.comm has_sse, 1 /* what callseq_context_make found */
#endif
