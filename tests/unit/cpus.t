#!/bin/sh
# The tests of the context switch once more, for each CPU that has a source in src/context, in
# qemu's user mode. A CPU is left out where its cross compiler is not installed (Debian:
# gcc-TRIPLET and libc6-dev-ARCHITECTURE-cross), all are where qemu is not (qemu-user-static).
. "$TESTS/tap.sh"

root=$(dirname "$TESTS")

options="-std=gnu11 -O2 -Wall -Wextra -Werror -pthread -fPIC -static"

passes() { # CPU TRIPLET SUBJECT [OPTION...]
  cpu=$1
  compiler=$2-gcc
  subject="$cpu: $3"
  shift 3
  emulator=$(command -v "qemu-$cpu-static" || command -v "qemu-$cpu")
  rm -f program
  if ! command -v "$compiler" >/dev/null || [ -z "$emulator" ]; then
    skip "$subject" "$compiler and qemu-$cpu-static are optional, one is not installed"
    return
  fi
  ok "$subject builds" "$compiler" $options "$@" \
    -I"$root" -I"$root/src" "$TESTS/unit/context.c" "$TESTS/unit/registers.S" "$root/src/system/stack.c" \
    "$root/src/context/ucontext.c" "$root/src/context/context.S" \
    "$root/src/context/outside.S" -o program -lm
  ok "$subject passes its tests" "$emulator" ./program
  ok "$subject needs no relocation of code" "$compiler" "$@" -I"$root" -fPIC -shared -nostdlib \
    -Wl,-z,text "$root/src/context/context.S" "$root/src/context/outside.S" -o library.so
}

# takes "what" YES|NO COMPILER [OPTION...]: is it for the CPU's own switch, or for the portable one?
takes() {
  what=$1 own=$2 compiler=$3
  shift 3
  if ! command -v "$compiler" >/dev/null ||
    ! echo '#include "src/context/context.h"' | "$compiler" "$@" -I"$root" -E -dM - >macros; then
    skip "$what" "$compiler $* is optional"
    return
  fi
  is "$what" "$(grep -q CALLSEQ_UCONTEXT macros && echo NO || echo YES)" "$own"
}
takes 'x86-64 has its own switch' YES x86_64-linux-gnu-gcc
takes 'its ABI with pointers of 32 bits the portable one' NO x86_64-linux-gnu-gcc -mx32
takes 'AArch64 has its own switch' YES aarch64-linux-gnu-gcc
takes 'its ABI with pointers of 32 bits the portable one' NO aarch64-linux-gnu-gcc -mabi=ilp32
takes 'Arm with soft floats has the portable one' NO arm-linux-gnueabihf-gcc -march=armv5te \
  -mfloat-abi=soft -marm

passes i386 i686-linux-gnu 'the context switch'
QEMU_CPU=pentium2 passes i386 i686-linux-gnu 'without SSE'
passes i386 i686-linux-gnu 'compiled for SSE' -msse2
passes i386 i686-linux-gnu 'the portable one' -DCALLSEQ_UCONTEXT
passes aarch64 aarch64-linux-gnu 'the context switch'
passes aarch64 aarch64-linux-gnu 'the portable one' -DCALLSEQ_UCONTEXT
passes arm arm-linux-gnueabihf 'the context switch'
passes arm arm-linux-gnueabihf 'under Arm instead of Thumb code' -marm
passes arm arm-linux-gnueabihf 'the portable one' -DCALLSEQ_UCONTEXT
passes ppc64le powerpc64le-linux-gnu 'the context switch'
QEMU_CPU=power8 passes ppc64le powerpc64le-linux-gnu 'on POWER8'
passes ppc64le powerpc64le-linux-gnu 'the portable one' -DCALLSEQ_UCONTEXT
passes s390x s390x-linux-gnu 'the context switch'
passes s390x s390x-linux-gnu 'the portable one' -DCALLSEQ_UCONTEXT
passes riscv64 riscv64-linux-gnu 'the context switch'
passes riscv64 riscv64-linux-gnu 'the portable one' -DCALLSEQ_UCONTEXT
finish
