/* The floating-point control of each CPU: the bits that belong to a context, in one word.
 *
 *   control()           what this CPU has; set_control(value) sets them
 *   controls[CONTROLS]  the initial value first, then others
 *
 * Functions that are not inlined: a compiler may move what reads them across a switch. */
#ifndef CONTROL_H
#define CONTROL_H

#include <fenv.h>
#include <stdint.h>

#define NOINLINE __attribute__((noinline))

#if defined(__x86_64__) || defined(__i386__)
enum { MXCSR_STATUS = 0x3f };
static uint64_t controls[] = {
    0x037f00001f80, /* initial */
    0x0b7f00005f80, /* round up in both units */
    0x037f00009f80, /* flush to zero: MXCSR alone */
    0x027f00001f80, /* 53 bits of precision: x87 alone */
};
NOINLINE static uint64_t control(void) {
  uint32_t mxcsr = 0;
  uint16_t x87;
  __asm__ volatile("fnstcw %0" : "=m"(x87));
  if (__builtin_cpu_supports("sse"))
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
  return (uint64_t)x87 << 32 | (mxcsr & ~(uint32_t)MXCSR_STATUS);
}
NOINLINE static void set_control(uint64_t value) {
  uint32_t mxcsr = (uint32_t)value;
  uint16_t x87 = (uint16_t)(value >> 32);
  __asm__ volatile("fldcw %0" : : "m"(x87));
  if (__builtin_cpu_supports("sse"))
    __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
}
#elif defined(__aarch64__)
static const uint64_t controls[] = {
    0,       /* initial */
    1 << 22, /* round up */
    1 << 24, /* flush to zero */
};
NOINLINE static uint64_t control(void) {
  uint64_t value;
  __asm__ volatile("mrs %0, fpcr" : "=r"(value));
  return value;
}
NOINLINE static void set_control(uint64_t value) {
  __asm__ volatile("msr fpcr, %0" : : "r"(value));
}
#elif defined(__ARM_PCS_VFP)
enum { FPSCR_STATUS = 0xf800009f };
static const uint64_t controls[] = {
    0,       /* initial */
    1 << 22, /* round up */
    1 << 24, /* flush to zero */
    1 << 25, /* default NaN */
};
NOINLINE static uint64_t control(void) {
  uint32_t value;
  __asm__ volatile("vmrs %0, fpscr" : "=r"(value));
  return value & ~(uint32_t)FPSCR_STATUS;
}
NOINLINE static void set_control(uint64_t value) {
  __asm__ volatile("vmsr fpscr, %0" : : "r"((uint32_t)value));
}
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
enum { VSCR_CONTROL = 0x10000 };
static const uint64_t FPSCR_CONTROL = 0x7000000ff;
static const uint64_t controls[] = {
    0,           /* initial */
    2,           /* round up */
    0x300000000, /* round decimals down */
    0x10000,     /* denormals are zero in vectors: VSCR */
};
NOINLINE static uint64_t control(void) {
  uint64_t fpscr;
  uint32_t vscr[4] __attribute__((aligned(16)));
  __asm__ volatile("mffs 0; mfvsrd %0, 0" : "=r"(fpscr) : : "fr0");
  __asm__ volatile("mfvscr 0; stvx 0, 0, %1" : "=m"(vscr) : "r"(vscr) : "v0");
  return (fpscr & FPSCR_CONTROL) | (vscr[0] & VSCR_CONTROL);
}
NOINLINE static void set_control(uint64_t value) {
  uint64_t fpscr = value & FPSCR_CONTROL;
  uint32_t vscr[4] __attribute__((aligned(16))) = {(uint32_t)value & VSCR_CONTROL};
  __asm__ volatile("mtvsrd 0, %0; mtfsf 0xff, 0, 1, 0" : : "r"(fpscr) : "fr0");
  __asm__ volatile("lvx 0, 0, %0; mtvscr 0" : : "r"(vscr), "m"(vscr) : "v0");
}
#elif defined(__s390x__)
static const uint32_t FPC_CONTROL = 0xfc000077;
static const uint64_t controls[] = {
    0,          /* initial */
    2,          /* round up */
    0x10,       /* round decimals towards zero */
    0x80000000, /* invalid operations trap */
};
NOINLINE static uint64_t control(void) {
  uint32_t value;
  __asm__ volatile("efpc %0" : "=r"(value));
  return value & FPC_CONTROL;
}
NOINLINE static void set_control(uint64_t value) {
  __asm__ volatile("sfpc %0" : : "r"((uint32_t)value));
}
#else
static const uint64_t controls[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD};
NOINLINE static uint64_t control(void) { return (uint64_t)fegetround(); }
NOINLINE static void set_control(uint64_t value) { fesetround((int)value); }
#endif
enum { CONTROLS = sizeof controls / sizeof *controls };

#endif
