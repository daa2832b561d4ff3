/* Do calls keep the registers that the CPU's ABI has functions keep? By registers.S, for context
 * switches and, with CALLS_C, for functions that generated C defines. */
#ifndef TESTS_REGISTERS_H
#define TESTS_REGISTERS_H
#include <stdint.h>
#include <string.h>

struct callseq_context;
typedef void *switch_function(struct callseq_context *save, struct callseq_context *resume,
                              void *message);

/* Fills every callee-saved register from `values`, calls `by`, stores them back: registers.S. */
void switch_filled(uintptr_t *values, struct callseq_context *save, struct callseq_context *resume,
                   switch_function *by);

/* How many words they take. */
#if defined(__x86_64__)
enum { REGISTERS = 6 };
#elif defined(__i386__)
enum { REGISTERS = 4 };
#elif defined(__aarch64__)
enum { REGISTERS = 19 };
#elif defined(__ARM_PCS_VFP)
enum { REGISTERS = 24 };
#elif defined(__powerpc64__) && _CALL_ELF == 2
#if defined(CALLSEQ_UCONTEXT) || defined(CALLS_C)
enum { REGISTERS = 61 }; /* without r2 */
#else
enum { REGISTERS = 62 };
#endif
#elif defined(__s390x__)
enum { REGISTERS = 16 };
#elif defined(__riscv_float_abi_double) && __riscv_xlen == 64
enum { REGISTERS = 24 };
#else
/* Other CPUs: more values alive across the switch than there are registers to keep them in. */
enum { REGISTERS = 12 };
__attribute__((noinline)) void switch_filled(uintptr_t *values, struct callseq_context *save,
                                             struct callseq_context *resume, switch_function *by) {
  uintptr_t a = values[0], b = values[1], c = values[2], d = values[3], e = values[4];
  uintptr_t f = values[5], g = values[6], h = values[7], i = values[8], j = values[9];
  float k, l;
  memcpy(&k, &values[10], sizeof k);
  memcpy(&l, &values[11], sizeof l);
  by(save, resume, NULL);
  values[0] = a, values[1] = b, values[2] = c, values[3] = d, values[4] = e;
  values[5] = f, values[6] = g, values[7] = h, values[8] = i, values[9] = j;
  memcpy(&values[10], &k, sizeof k);
  memcpy(&values[11], &l, sizeof l);
}
#endif

/* The value of a register on one side at one turn: an odd multiple of what tells them apart, so
 * that they differ in their high bits too. */
static uintptr_t filling(int side, int turn, int register_number) {
  uintptr_t which = (uintptr_t)side << 28 | (uintptr_t)turn << 8 | (uintptr_t)register_number;
  return which * (uintptr_t)UINT64_C(0x9e3779b97f4a7c15);
}

/* One turn of one side; returns how many registers came back as they were. */
static int keep_registers(int side, int turn, struct callseq_context *save,
                          struct callseq_context *resume, switch_function *by) {
  uintptr_t values[REGISTERS];
  int kept = 0;
  for (int i = 0; i < REGISTERS; i++)
    values[i] = filling(side, turn, i);
  switch_filled(values, save, resume, by);
  for (int i = 0; i < REGISTERS; i++)
    kept += values[i] == filling(side, turn, i);
  return kept;
}

#endif
