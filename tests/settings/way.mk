# The suite built in other ways, by other compilers and with other options: WAY=NAME. The target
# check-compilers takes each of WAYS in turn.
#
#   CC, CXX       compilers of all C, for csc too
#   WAY_CFLAGS    for all C, that of the egg's Scheme included, and to link
#   WAY_CSCFLAGS  besides, for csc, where it makes the programs that are tested
#   WAY_ONLY      the cases that are run
#
# All of them assert what the library relies on (src/base/checked.h). The scripts but two are left out:
# they build as they like.
WAYS := gcc-O0 gcc-O1 gcc-O3 gcc-lto gcc-hardened static clang-O0 clang-O2 clang-O3 clang-hardened \
        clang-lto
WHOLE := gcc-O0 gcc-lto static clang-O2
SAMPLE := arguments cplusplus direct errors faults floats invoke leaving lifetimes nesting signals \
          state strings threads unwind unit/context unit/sequencer unit/succession unit/withdrawal unit/park

# Limits as small as can be; the last part of make check.
SHRUNKEN := threads nesting signals green suspended suspended_state suspended_held suspended_disturbed handles posts futures later

ifneq ($(WAY),)
ifeq ($(filter $(WAY),$(WAYS) shrunken),)
$(error callseq: WAY=$(WAY): $(WAYS) and shrunken are the ones)
endif

WAY_CFLAGS := -$(lastword $(subst -, ,$(WAY)))
ifeq ($(WAY),static)
WAY_CFLAGS :=
WAY_CSCFLAGS := -static -L -static
else ifeq ($(WAY),gcc-lto)
# Atomics are not the same types in C and in C++; generated C++ is not compiled for strict aliasing.
WAY_CFLAGS := -O2 -flto=auto -fcf-protection=full -Wno-lto-type-mismatch -Wno-odr
else ifeq ($(WAY),clang-lto)
# In src/build the library itself is taken out of it. GNU's linker needs LLVM's plugin for the rest.
WAY_CFLAGS := -O2 -flto -fuse-ld=lld
else ifneq ($(filter %-hardened,$(WAY)),)
WAY_CFLAGS := -O2 -fcf-protection=full -fstack-protector-strong -fstack-clash-protection \
              -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
endif
ifeq ($(WAY),shrunken)
WAY_CFLAGS := -O1 -DCALLSEQ_SHRUNKEN
WAY_ONLY := $(SHRUNKEN)
else
WAY_ONLY = $(if $(filter $(WAY),$(WHOLE)),$(filter-out $(SCRIPTS),$(CASES)) hosts.t recipes.t,$(SAMPLE))
endif
WAY_CFLAGS += -DCALLSEQ_CHECKED

CC := $(if $(filter clang-%,$(WAY)),clang,gcc)
CXX := $(if $(filter clang-%,$(WAY)),clang++,g++)
export CSC_OPTIONS := -cc $(CC) -cxx $(CXX) -ld $(CC) \
                      $(addprefix -C ,$(WAY_CFLAGS)) $(addprefix -L ,$(WAY_CFLAGS))
endif
