#!/bin/sh
# What gdb shows of a program that is stopped in Scheme or below: the frames go on beyond the switch,
# in the thread that called, where the CPU's source has that (outside.S). First programs with CHICKEN,
# then the switch alone, which is also looked at on other CPUs, in qemu's user mode. gdb, gdb-multiarch
# and the cross compilers are optional.
. "$TESTS/tap.sh"

root=$(dirname "$TESTS")

# shows "what" NAME...: the last backtrace has frames of these functions, in this order.
shows() {
  what=$1
  shift
  printf '%s\n' "$@" >wanted
  awk 'NR == FNR { wanted[NR] = $1; next }
    /^#0 / { found = 0 }
    /^#/ {
      name = / in / ? $4 : $2
      if (/<signal handler called>/) name = "<signal>"
      if (name == wanted[found + 1]) found++
    }
    END { exit !(found && !wanted[found + 1]) }' wanted "$output"
  report $? "$what: $*"
}

# debug "what" DEBUGGER PROGRAM "ARGUMENTS" COMMAND...: gdb runs the program and executes the commands.
debug() {
  what=$1 debugger=$2 program=$3 arguments=$4
  shift 4
  { echo 'set pagination off' && echo 'set width 0' && printf '%s\n' "$@"; } >commands
  ok "$what" "$debugger" -nx -q -batch -iex 'set debuginfod enabled off' -x commands \
    --args "$program" $arguments
}

# ---- With CHICKEN ----

cat >app.scm <<'END'
(import (chicken platform) (chicken foreign) (chicken gc) callseq)
(foreign-declare "void look(void); void handle_signal(void); void call_again(int);")
(define look (foreign-lambda void look))
(define handle-signal (foreign-lambda void handle_signal))
(define call-again (foreign-safe-lambda void call_again int))
(look)
(define-sequenced-callback (plain (int n)) void (look))
(define-sequenced-callback (collected (int n)) void (gc #f) (look))
(define-sequenced-callback (signalled (int n)) void (handle-signal))
(define-sequenced-callback (nested (int n)) void (if (> n 0) (call-again n) (look)))
(return-to-host)
END

cat >app_host.c <<'END'
#include <callseq.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#define NOINLINE __attribute__((noinline))
#define NO_TAIL_CALL __asm__ volatile("" ::: "memory")
void plain(int), collected(int), signalled(int), nested(int);
NOINLINE void look(void) { NO_TAIL_CALL; }
static void on_signal(int number) { look(); NO_TAIL_CALL; }
NOINLINE void handle_signal(void) { raise(SIGUSR1); NO_TAIL_CALL; }
NOINLINE void call_again(int n) { nested(n - 1); NO_TAIL_CALL; }
static void invoked(void *unused) { look(); NO_TAIL_CALL; }
static void invoke(int n) { callseq_invoke(invoked, NULL); NO_TAIL_CALL; }
NOINLINE void begun(void) { NO_TAIL_CALL; }

static void (*call)(int);
static int warm;
NOINLINE static void work(int n) { call(n); NO_TAIL_CALL; }
static void *thread(void *unused) {
  for (int i = 0; i < warm; i++) work(0);
  begun();
  work(2);
  return unused;
}
int main(int argc, char **argv) {
  pthread_t id;
  const char *name = argv[1];
  call = !strcmp(name, "collected") ? collected : !strcmp(name, "signalled") ? signalled
       : !strcmp(name, "nested") ? nested : !strcmp(name, "invoke") ? invoke : plain;
  warm = argc > 2 ? 100 : 0;
  signal(SIGUSR1, on_signal);
  callseq_init();
  pthread_create(&id, NULL, thread, NULL);
  pthread_join(id, NULL);
  return 0;
}
END

build() { # CSC OPTION...
  $CC -g -O2 -pthread -I"$STAGE/include" -c app_host.c && \
    $CSC "$@" -e app.scm app_host.o -o app -link callseq
}

# stopped "what" "ARGUMENTS" NAME...: in the C code that the callback calls, these frames are shown.
stopped() {
  subject=$1 arguments=$2
  shift 2
  debug "$subject: gdb runs" gdb ./app "$arguments" 'break begun' run 'break look' continue backtrace
  shows "$subject" look "$@"
}

# ptrace may be forbidden; and gdb writes to the program by /proc.
runs() { [ -e /proc/self/mem ] && gdb -nx -q -batch -ex run --args true 2>/dev/null | grep -q 'exited normally'; }

beyond='callseq_context_start <signal> callseq_context_switch'
if ! runs; then
  skip 'with CHICKEN' 'gdb is not installed, may not run a program here, or /proc is not mounted'
elif ! grep -qF callseq_context_outside "$STAGE/lib/chicken/11/callseq.a"; then
  skip 'with CHICKEN' 'this context switch has nothing for debuggers'
else
  for options in -O0 '-O3 -d0'; do
    ok "csc $options: builds" build $options
    stopped 'the first call' plain CHICKEN_run live $beyond callseq_abi_call_slowly plain work \
      thread
    stopped 'a later call' 'plain warm' CHICKEN_run live $beyond plain work thread
    stopped 'after a collection' 'collected warm' CHICKEN_run live $beyond collected work thread
    stopped 'in a signal handler' 'signalled warm' on_signal '<signal>' handle_signal CHICKEN_run \
      live $beyond signalled work thread
    stopped 'in nested calls' nested call_again C_callback nested call_again CHICKEN_run live \
      $beyond nested work thread
    stopped 'in callseq_invoke' 'invoke warm' invoked callseq_scheme_run_function CHICKEN_run live \
      $beyond callseq_invoke invoke work thread
  done
  debug 'while the program loads: gdb runs' gdb ./app plain 'break look' run backtrace
  shows 'while the program loads' look CHICKEN_run live $beyond callseq_init main
fi

# ---- The switch alone ----

build_switch() { # COMPILER
  "$1" -std=gnu11 -O2 -g -Wall -Wextra -Werror -static -fno-pie -pthread -I"$root" \
    "$TESTS/unit/debugger.c" "$root/src/context/context.S" "$root/src/context/outside.S" -o program
}

values='1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18'
print_values='frame function ask
printf "%ld %ld %ld %ld %ld %ld %ld %ld %ld %ld ", a, b, c, d, e, f, g, h, i, j
printf "%g %g %g %g %g %g %g %g\n", k, l, m, n, o, p, q, r'

# Steps through both turns of a thread, the first of which begins the context, and says before each
# backtrace whose stack it is on.
stack='set $low = (unsigned long) &stacks[1]
set $high = (unsigned long) &stacks[2]'
step='set $steps = 0
while $pc != &ended
stepi
if (unsigned long) $sp >= $low && (unsigned long) $sp <= $high
echo on the context\n
else
echo on the thread\n
end
backtrace
set $steps++
end
printf "%d steps\n", $steps'

# Of the backtraces, how many are right: on its own stack they have the thread's frames, on the other
# one that which begins the context, and beyond it, where `outside` is 1, the thread's.
right() {
  awk -v outside="$outside" '
    function judge() { right += context ? start && (work || !outside) : work && !start }
    /^on the / { if (stops++) judge(); context = /context/; work = start = 0 }
    /^#.* work \(/ { work = 1 }
    /^#.* callseq_context_start \(/ { start = 1 }
    END { if (stops) judge(); print right + 0 }' "$output"
}

# looks_at CPU DEBUGGER: at ./program, which `start` makes ready, and the commands $connect and $run
# have run to the first breakpoint.
looks_at() {
  cpu=$1 debugger=$2
  if [ $outside = 1 ]; then
    for which in lower higher; do
      subject="$cpu, the thread's stack is the $which one"
      start
      debug "$subject: gdb runs" "$debugger" ./program '' "$connect" 'break deepest' "$run" \
        "$([ $which = lower ] || echo continue 2)" backtrace "$print_values"
      says "$subject: values in its frame" "$values"
      shows "$subject" deepest serve $beyond ask work start_thread
    done
  fi
  start
  debug "$cpu, at every instruction: gdb runs" "$debugger" ./program '' "$connect" 'break begun' \
    "$run" "$stack" "$step" continue "$step"
  steps=$(($(sed -n 's/ steps$/ +/p' "$output") 0))
  is "$cpu: right frames are shown at each of $steps instructions" "$(right)" "$steps"
  [ $steps -gt 100 ]
  report $? "$cpu: those are the instructions of two turns in each of two threads"
}

if ! runs; then
  skip 'x86-64' 'gdb is not installed, may not run a program here, or /proc is not mounted'
elif [ "$(uname -m)" != x86_64 ]; then
  skip 'x86-64' 'this is another CPU'
else
  start() { :; }
  connect='' run=run outside=1
  ok 'x86-64: builds' build_switch "$CC"
  looks_at x86-64 gdb
fi

# emulated NAME CPU TRIPLET OUTSIDE: in qemu's user mode.
emulated() {
  emulator=$(command -v "qemu-$2-static" || command -v "qemu-$2")
  compiler=$3-gcc outside=$4
  if [ -z "$emulator" ] || ! command -v "$compiler" >/dev/null ||
    ! command -v gdb-multiarch >/dev/null; then
    skip "$1" "$compiler, qemu-$2-static and gdb-multiarch are optional"
    return
  fi
  ok "$1: builds" build_switch "$compiler"
  looks_at "$1" gdb-multiarch
}
start() { # returns when the emulator listens
  rm -f socket
  "$emulator" -g "$work/socket" ./program 2>emulator.log &
  until grep -q "00010000 .*$work/socket" /proc/net/unix; do
    kill -0 $! || return
  done
}
connect="target remote $work/socket" run=continue
emulated AArch64 aarch64 aarch64-linux-gnu 1
emulated i386 i386 i686-linux-gnu 0
emulated Arm arm arm-linux-gnueabihf 0
emulated POWER ppc64le powerpc64le-linux-gnu 0
emulated s390x s390x s390x-linux-gnu 0
emulated RISC-V riscv64 riscv64-linux-gnu 0

finish
