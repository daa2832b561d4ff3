/* What the assembly sources share: how a function starts and ends in an ELF object, and the note
 * that says what control-flow protection the object keeps. Include it first. */
#ifndef CALLSEQ_CONTEXT_ASM_H
#define CALLSEQ_CONTEXT_ASM_H

/* Assembly is no C. */
/* clang-format off */

/* Begins the function `name`, callable from C; END closes it. BINDING is .globl or .weak. */
#define FUNCTION(name) FUNCTION_AS(.globl, name)
#define FUNCTION_AS(binding, name)                                                                 \
  .text;                                                                                           \
  .p2align 5;                                                                                      \
  binding name;                                                                                    \
  .type name, %function;                                                                           \
  name:;                                                                                           \
  .cfi_startproc

#define END(name)                                                                                  \
  .cfi_endproc;                                                                                    \
  .size name, .- name

/* What ends each object. The stack need not be executable. The GNU property note claims landing pads
 * for indirect branches: IBT on x86, BTI on AArch64. It is there also in an object without code: the
 * linker keeps only what all objects claim. Shadow stacks and signed return addresses are not
 * claimed. Objects that are not ELF are empty, and say nothing. */
#if defined(__x86_64__) || defined(__i386__)
#define LANDING_PADS PROPERTY(0xc0000002, 1) /* GNU_PROPERTY_X86_FEATURE_1_AND: IBT */
#elif defined(__aarch64__)
#define LANDING_PADS PROPERTY(0xc0000000, 1) /* GNU_PROPERTY_AARCH64_FEATURE_1_AND: BTI */
#else
#define LANDING_PADS
#endif
#if defined(__ELF__)
#define END_OBJECT                                                                                 \
  LANDING_PADS;                                                                                    \
  .section .note.GNU-stack, "", %progbits
#else
#define END_OBJECT
#endif

/* `type` is the CPU's feature word, `bits` the features that hold. A property is padded to the size
 * of a pointer. */
#define PROPERTY(type, bits)                                                                       \
  .pushsection .note.gnu.property, "a", %note;                                                     \
  .balign __SIZEOF_POINTER__;                                                                      \
  .long 4, 8 + __SIZEOF_POINTER__, 5;                                                              \
  .asciz "GNU";                                                                                    \
  .long type, 4, bits;                                                                             \
  .balign __SIZEOF_POINTER__;                                                                      \
  .popsection

#endif
