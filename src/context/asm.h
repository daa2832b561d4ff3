/* What the assembly sources share: how a function starts and ends in an ELF object, and the note
 * that says what control-flow protection the object keeps. Include it first. */
#ifndef CALLSEQ_CONTEXT_ASM_H
#define CALLSEQ_CONTEXT_ASM_H

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

/* The GNU property note: `type` is the CPU's feature word, `bits` the features that hold. A property
 * is padded to the size of a pointer. */
#define PROPERTY(type, bits)                                                                       \
  .pushsection .note.gnu.property, "a", %note;                                                     \
  .balign __SIZEOF_POINTER__;                                                                      \
  .long 4, 8 + __SIZEOF_POINTER__, 5;                                                              \
  .asciz "GNU";                                                                                    \
  .long type, 4, bits;                                                                             \
  .balign __SIZEOF_POINTER__;                                                                      \
  .popsection

#endif
