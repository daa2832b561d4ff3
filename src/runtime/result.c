/* Checked conversions of a callback's value to C, for the types that generated code does not do
 * inline. Each stores the result and returns 1, or returns 0 if the value is no good. None
 * allocates in the Scheme heap. */
#include <chicken.h>

#include "runtime.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The magnitude and sign of an exact integer of at most 64 bits, or false. */
static bool exact_integer(C_word value, uint64_t *magnitude, bool *negative) {
  if (value & C_FIXNUM_BIT) {
    int64_t n = C_unfix(value);
    *negative = n < 0;
    *magnitude = *negative ? -(uint64_t)n : (uint64_t)n;
    return true;
  }
  if (C_immediatep(value) || C_block_header(value) != C_BIGNUM_TAG)
    return false;
  size_t digits = (size_t)C_bignum_size(value), wanted = sizeof(uint64_t) / sizeof(C_uword);
  if (digits > wanted)
    return false;
  *negative = C_bignum_negativep(value);
  *magnitude = 0;
  for (size_t i = digits; i-- > 0;)
    *magnitude =
        (*magnitude << (sizeof(C_uword) * CHAR_BIT / 2) << (sizeof(C_uword) * CHAR_BIT / 2)) |
        C_bignum_digits(value)[i];
  return true;
}

int callseq_abi_signed(C_word value, int64_t low, int64_t high, int64_t *result) {
  uint64_t magnitude;
  bool negative;
  if (!exact_integer(value, &magnitude, &negative))
    return 0;
  if (negative ? magnitude > -(uint64_t)low : magnitude > (uint64_t)high)
    return 0;
  *result = negative ? (int64_t)-magnitude : (int64_t)magnitude;
  return 1;
}

int callseq_abi_unsigned(C_word value, uint64_t high, uint64_t *result) {
  bool negative;
  return exact_integer(value, result, &negative) && !negative && *result <= high;
}

int callseq_abi_string(C_word value, int null, int symbol, char **result) {
  if (null && value == C_SCHEME_FALSE) {
    *result = NULL;
    return 1;
  }
  if (C_immediatep(value))
    return 0;
  if (symbol) {
    if (C_block_header(value) != C_SYMBOL_TAG)
      return 0;
    value = C_block_item(value, 1);
  }
  if (C_header_bits(value) != C_STRING_TYPE)
    return 0;
  size_t length = C_header_size(value);
  const char *text = C_c_string(value);
  if (memchr(text, 0, length))
    return 0;
  char *copy = malloc(length + 1);
  if (!copy) {
    struct callseq_abi_request *q = callseq_runtime_here()->fast.current.request;
    q->status = CALLSEQ_NOMEM;
    q->message = q->trace = NULL;
  } else {
    memcpy(copy, text, length);
    copy[length] = 0;
  }
  *result = copy;
  return 1;
}

int callseq_abi_pointer(C_word value, int null, void **result) {
  if (null && value == C_SCHEME_FALSE) {
    *result = NULL;
    return 1;
  }
  if (C_immediatep(value) ||
      (C_block_header(value) != C_POINTER_TAG && C_block_header(value) != C_TAGGED_POINTER_TAG))
    return 0;
  *result = C_c_pointer_nn(value);
  return null || *result;
}
