#!/bin/sh
# The tests of the context switch once more, for AArch64 in an emulator, where a cross compiler and
# qemu's user mode are installed (Debian: gcc-aarch64-linux-gnu, libc6-dev-arm64-cross,
# qemu-user-static).
. "$TESTS/tap.sh"

root=$(dirname "$TESTS")
compiler=$(command -v aarch64-linux-gnu-gcc)
emulator=$(command -v qemu-aarch64-static || command -v qemu-aarch64)

passes() { # SUBJECT OPTION...
  subject=$1
  shift
  rm -f program
  if [ -z "$compiler" ] || [ -z "$emulator" ]; then
    skip "$subject" 'aarch64-linux-gnu-gcc and qemu-aarch64-static are optional, one is not installed'
    return
  fi
  ok "$subject builds" "$compiler" -std=gnu11 -O2 -Wall -Wextra -Werror -static -pthread "$@" \
    -I"$root" "$TESTS/unit/context.c" "$TESTS/unit/registers.S" "$root/src/stack.c" \
    "$root/src/context/ucontext.c" "$root/src/context/context.S" -o program -lm
  ok "$subject passes its tests" "$emulator" ./program
}

passes 'the context switch'
passes 'the portable one' -DCALLSEQ_UCONTEXT
finish
