/* The post's dedicated stack: CHICKEN runs on a stack of its own, to which callers switch. For the
 * one file that includes it, which defines scheme_stack_main. -DUCONTEXT takes swapcontext. */
#ifndef DEDICATED_H
#define DEDICATED_H

#include "row.h"

#include <stddef.h>
#include <sys/mman.h>

/* What runs on the dedicated stack. Never returns. */
static void scheme_stack_main(void);

/* start_scheme begins scheme_stack_main on `stack` and returns when that calls to_host first; from
 * then on each of to_scheme and to_host continues where the other was called. */
#ifdef UCONTEXT
#include <ucontext.h>

static ucontext_t host, scheme;

static void to_scheme(void) { swapcontext(&host, &scheme); }
static void to_host(void) { swapcontext(&scheme, &host); }

static void start_scheme(char *stack) {
  getcontext(&scheme);
  scheme.uc_stack.ss_sp = stack;
  scheme.uc_stack.ss_size = ROW_STACK_BYTES;
  makecontext(&scheme, scheme_stack_main, 0);
  to_scheme();
}

#elif defined __x86_64__ || defined __aarch64__

/* Saves the registers that a call preserves, their place in *from, and continues at `to`. */
void bench_switch(void **from, void *to);

#ifdef __x86_64__
enum { FRAME_WORDS = 8, RETURN_WORD = 6 }; /* 6 registers, return address, alignment */
__asm__(".text\n"
        ".globl bench_switch\n"
        ".type bench_switch, @function\n"
        "bench_switch:\n"
        "  pushq %rbx\n"
        "  pushq %rbp\n"
        "  pushq %r12\n"
        "  pushq %r13\n"
        "  pushq %r14\n"
        "  pushq %r15\n"
        "  movq %rsp, (%rdi)\n"
        "  movq %rsi, %rsp\n"
        "  popq %r15\n"
        "  popq %r14\n"
        "  popq %r13\n"
        "  popq %r12\n"
        "  popq %rbp\n"
        "  popq %rbx\n"
        "  ret\n"
        ".size bench_switch, . - bench_switch\n");
#else
enum { FRAME_WORDS = 20, RETURN_WORD = 11 }; /* x19 to x30, d8 to d15 */
__asm__(".text\n"
        ".globl bench_switch\n"
        ".type bench_switch, %function\n"
        "bench_switch:\n"
        "  sub sp, sp, #160\n"
        "  stp x19, x20, [sp]\n"
        "  stp x21, x22, [sp, #16]\n"
        "  stp x23, x24, [sp, #32]\n"
        "  stp x25, x26, [sp, #48]\n"
        "  stp x27, x28, [sp, #64]\n"
        "  stp x29, x30, [sp, #80]\n"
        "  stp d8, d9, [sp, #96]\n"
        "  stp d10, d11, [sp, #112]\n"
        "  stp d12, d13, [sp, #128]\n"
        "  stp d14, d15, [sp, #144]\n"
        "  mov x2, sp\n"
        "  str x2, [x0]\n"
        "  mov sp, x1\n"
        "  ldp x19, x20, [sp]\n"
        "  ldp x21, x22, [sp, #16]\n"
        "  ldp x23, x24, [sp, #32]\n"
        "  ldp x25, x26, [sp, #48]\n"
        "  ldp x27, x28, [sp, #64]\n"
        "  ldp x29, x30, [sp, #80]\n"
        "  ldp d8, d9, [sp, #96]\n"
        "  ldp d10, d11, [sp, #112]\n"
        "  ldp d12, d13, [sp, #128]\n"
        "  ldp d14, d15, [sp, #144]\n"
        "  add sp, sp, #160\n"
        "  ret\n"
        ".size bench_switch, . - bench_switch\n");
#endif

static void *host, *scheme;

static void to_scheme(void) { bench_switch(&host, scheme); }
static void to_host(void) { bench_switch(&scheme, host); }

static void start_scheme(char *stack) {
  void **frame = (void **)(stack + ROW_STACK_BYTES) - FRAME_WORDS;
  frame[RETURN_WORD] = (void *)scheme_stack_main;
  scheme = frame;
  to_scheme();
}

#else

static void to_scheme(void) {}
static void to_host(void) {}
static void start_scheme(char *stack) {
  (void)stack, (void)scheme_stack_main;
  row_unavailable("there is no stack switch for this CPU; x86-64 and AArch64 have one");
}

#endif

void row_start(void) {
  void *stack =
      mmap(NULL, ROW_STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (stack == MAP_FAILED)
    row_fail("cannot map the dedicated stack");
  start_scheme(stack);
}

#endif
