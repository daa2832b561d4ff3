# The suite under a tool that watches it: TOOL=asan, tsan or valgrind; the targets check-asan and so
# on set it. doc/testing.md says what each setting is for.
#
#   TOOL_CFLAGS    for all C, and to link
#   SCHEME_CFLAGS  besides, for what runs on the Scheme stack: the library, and what csc makes
#   *_OPTIONS      what the sanitizers read when a test runs; tests/run adds where they report
#   VALGRIND       the command that runs a test
#   SKIPPED        tests that mean nothing under the tool

# Faults are subjects of tests: they belong to the tests.
NO_HANDLERS := handle_segv=0:handle_sigbus=0:handle_sigill=0:handle_sigfpe=0:use_sigaltstack=0
# So is memory that cannot be had: NULL, not the end.
NO_MEMORY := allocator_may_return_null=1

ifeq ($(TOOL),asan)
TOOL_CFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
SCHEME_CFLAGS := --param=asan-use-after-return=0
export ASAN_OPTIONS := $(NO_HANDLERS):$(NO_MEMORY):detect_stack_use_after_return=1:clear_shadow_mmap_threshold=100000000
export UBSAN_OPTIONS := print_stacktrace=1
TIMEOUT := 300
SKIPPED := unit/context_ucontext # it warns of every swapcontext
else ifeq ($(TOOL),tsan)
TOOL_CFLAGS := -fsanitize=thread -Wno-tsan # fences, which it takes for nothing; none is needed to order memory
SCHEME_CFLAGS := --param=tsan-instrument-func-entry-exit=0
export TSAN_OPTIONS := $(NO_HANDLERS):$(NO_MEMORY):halt_on_error=1:die_after_fork=0:report_thread_leaks=0
TIMEOUT := 300
SKIPPED := forking forked suspended_forked # it takes a thread of a child for one of the parent, and dies
else ifeq ($(TOOL),valgrind)
# Without libc's own clean-up at the end, which waits for streams that a thread has locked.
export VALGRIND := valgrind --quiet --leak-check=full --show-leak-kinds=definite --run-libc-freeres=no
TIMEOUT := 900
export CALLS := 10000
SKIPPED := faults overrun unit/stack                    # it reports the faults that they make
SKIPPED += forking forked suspended_forked                               # what other threads of the parent hold is lost in a child
SKIPPED += signals                                      # it finds no room on the main stack for a handler
SKIPPED += state unit/context unit/context_ucontext     # it does not keep floating-point control words
else ifneq ($(TOOL),)
$(error callseq: TOOL=$(TOOL): asan, tsan and valgrind are the ones)
endif

ifneq ($(TOOL),)
TOOL_CFLAGS += -DCALLSEQ_CHECKED # the library asserts what it relies on: src/base/checked.h
SKIPPED += %.t # ways to build and to install, and refusals of the compiler
endif
