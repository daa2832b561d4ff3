/* void switch_filled(uintptr_t *values, struct callseq_context *save, struct callseq_context *resume,
 *                    switch_function *by)
 *
 * Loads every callee-saved register from `values`, calls by(save, resume, NULL), and when something
 * has switched back stores the registers there: see registers.h, which has it in C for
 * other CPUs. */
#include "../../src/context/asm.h"

#if defined(__x86_64__)
FUNCTION(switch_filled)
  endbr64
  push %rbp
  push %rbx
  push %r12
  push %r13
  push %r14
  push %r15
  push %rdi
  mov 0(%rdi), %rbp
  mov 8(%rdi), %rbx
  mov 16(%rdi), %r12
  mov 24(%rdi), %r13
  mov 32(%rdi), %r14
  mov 40(%rdi), %r15
  mov %rsi, %rdi
  mov %rdx, %rsi
  xor %edx, %edx
  call *%rcx
  pop %rdi
  mov %rbp, 0(%rdi)
  mov %rbx, 8(%rdi)
  mov %r12, 16(%rdi)
  mov %r13, 24(%rdi)
  mov %r14, 32(%rdi)
  mov %r15, 40(%rdi)
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbx
  pop %rbp
  ret
END(switch_filled)

#elif defined(__i386__)
FUNCTION(switch_filled)
  endbr32
  push %ebp
  push %ebx
  push %esi
  push %edi
  mov 20(%esp), %eax
  push $0
  push 32(%esp)
  push 32(%esp) /* now resume, save: esp has moved */
  mov 0(%eax), %ebp
  mov 4(%eax), %ebx
  mov 8(%eax), %esi
  mov 12(%eax), %edi
  call *44(%esp)
  add $12, %esp
  mov 20(%esp), %eax
  mov %ebp, 0(%eax)
  mov %ebx, 4(%eax)
  mov %esi, 8(%eax)
  mov %edi, 12(%eax)
  pop %edi
  pop %esi
  pop %ebx
  pop %ebp
  ret
END(switch_filled)

#elif defined(__aarch64__)
/* `instruction` is stp or ldp: all of them but x30, which is the return address, at `base`. */
.macro EACH instruction, base
  \instruction x19, x20, [\base, #0]
  \instruction x21, x22, [\base, #16]
  \instruction x23, x24, [\base, #32]
  \instruction x25, x26, [\base, #48]
  \instruction x27, x28, [\base, #64]
  \instruction d8, d9, [\base, #80]
  \instruction d10, d11, [\base, #96]
  \instruction d12, d13, [\base, #112]
  \instruction d14, d15, [\base, #128]
.endm

FUNCTION(switch_filled)
  hint #34 /* bti c */
  sub sp, sp, #176
  EACH stp, sp
  stp x29, x30, [sp, #144]
  str x0, [sp, #160]
  EACH ldp, x0
  ldr x29, [x0, #144]
  mov x0, x1
  mov x1, x2
  mov x2, #0
  blr x3
  ldr x0, [sp, #160]
  EACH stp, x0
  str x29, [x0, #144]
  EACH ldp, sp
  ldp x29, x30, [sp, #144]
  add sp, sp, #176
  ret
END(switch_filled)

#elif defined(__ARM_PCS_VFP)
.syntax unified
.arm
.fpu vfpv3-d16
FUNCTION(switch_filled)
  push {r4-r11, lr}
  vpush {d8-d15}
  push {r0}
  mov r12, r3
  vldm r0!, {d8-d15}
  mov r3, r0
  mov r0, r1
  mov r1, r2
  mov r2, #0
  ldm r3, {r4-r11}
  blx r12
  pop {r0}
  vstm r0!, {d8-d15}
  stm r0, {r4-r11}
  vpop {d8-d15}
  pop {r4-r11, pc}
END(switch_filled)

#elif defined(__powerpc64__) && _CALL_ELF == 2
/* The instructions are those to load or those to store, at `base`. */
.macro EACH general, float, vector, base, at
  .irp n, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  \general \n, \at + 8 * (\n - 14)(\base)
  \float \n, \at + 144 + 8 * (\n - 14)(\base)
  .endr
  .irp n, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  li 11, \at + 288 + 16 * (\n - 20)
  \vector 32 + \n, 11, \base
  .endr
.endm

FUNCTION(switch_filled)
  mflr 0
  mfcr 11
  std 0, 16(1)
  stw 11, 8(1)
  stdu 1, -528(1)
  std 2, 24(1)
  std 3, 32(1)
  EACH std, stfd, stxvd2x, 1, 48
  mr 12, 6
  mr 10, 4
  EACH ld, lfd, lxvd2x, 3, 0
  ld 0, 480(3)
  mtcrf 0x38, 0
#if !defined(CALLSEQ_UCONTEXT) && !defined(CALLS_C)
  ld 2, 488(3) /* a call by address need not keep it, but one within the library does */
#endif
  mr 4, 5
  mr 3, 10
  li 5, 0
  mtctr 12
  bctrl
  ld 3, 32(1)
  EACH std, stfd, stxvd2x, 3, 0
  mfcr 11
  ld 0, 480(3)
  rlwimi 0, 11, 0, 8, 19
  std 0, 480(3)
#if !defined(CALLSEQ_UCONTEXT) && !defined(CALLS_C)
  std 2, 488(3)
#endif
  EACH ld, lfd, lxvd2x, 1, 48
  ld 2, 24(1)
  addi 1, 1, 528
  ld 0, 16(1)
  lwz 11, 8(1)
  mtlr 0
  mtcrf 0x38, 11
  blr
END(switch_filled)

#elif defined(__s390x__)
/* `instruction` is std or ld: f8-f15, at `base`. */
.macro EACH instruction, base, at
  .irp n, 8, 9, 10, 11, 12, 13, 14, 15
  \instruction %f\n, \at + 8 * (\n - 8)(\base)
  .endr
.endm

FUNCTION(switch_filled)
  stmg %r2, %r14, 16(%r15)
  aghi %r15, -224 /* the callee's 160 bytes, and 64 for floats */
  EACH std, %r15, 160
  lgr %r1, %r2
  lgr %r2, %r3
  lgr %r3, %r4
  lgr %r14, %r5
  lghi %r4, 0
  EACH ld, %r1, 64
  lmg %r6, %r13, 0(%r1)
  basr %r14, %r14
  lg %r1, 224 + 16(%r15)
  stmg %r6, %r13, 0(%r1)
  EACH std, %r1, 64
  EACH ld, %r15, 160
  aghi %r15, 224
  lmg %r6, %r14, 48(%r15)
  br %r14
END(switch_filled)

#elif defined(__riscv_float_abi_double) && __riscv_xlen == 64
/* The instructions are those to load or those to store, at `base`. */
.macro EACH general, float, base, at
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
  \general s\n, \at + 8 * \n(\base)
  \float fs\n, \at + 96 + 8 * \n(\base)
  .endr
.endm

FUNCTION(switch_filled)
  addi sp, sp, -208
  EACH sd, fsd, sp, 0
  sd ra, 192(sp)
  sd a0, 200(sp)
  EACH ld, fld, a0, 0
  mv a0, a1
  mv a1, a2
  li a2, 0
  jalr a3
  ld a0, 200(sp)
  EACH sd, fsd, a0, 0
  EACH ld, fld, sp, 0
  ld ra, 192(sp)
  addi sp, sp, 208
  ret
END(switch_filled)
#endif

.section .note.GNU-stack, "", %progbits
