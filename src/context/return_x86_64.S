/* Returns by pop and jump, for functions that the compiler is told to return through here
 * (function_return "thunk-extern"; the compiler fixes the name): the hosts' way out of a call, see
 * abi.h. Clobbers rcx. Weak: any other definition does the same. */
FUNCTION_AS(.weak, __x86_return_thunk)
  popq %rcx
  .cfi_adjust_cfa_offset -8
  .cfi_register %rip, %rcx
  notrack jmp *%rcx
END(__x86_return_thunk)
