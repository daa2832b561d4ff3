# The suite for another CPU: FOREIGN=arm64, armhf, i386, ppc64el or s390x, by Debian's names; the
# target check-arch sets it. doc/porting.md says what comes out.
#
#   MACHINE        the folder that tests/machine makes
#   CC, CXX        its compilers
#   CSC_OPTIONS    what every csc is told: the C that it makes is compiled for that CPU
#   EMULATOR       the command that runs a test
#   EMULATED       set where that is an emulator, whose faults are no fault of ours
#   SKIPPED        tests that mean nothing there

FOREIGN_ALL := arm64 armhf i386 ppc64el s390x

ifneq ($(filter-out $(FOREIGN_ALL),$(FOREIGN)),)
$(error callseq: ARCH=$(FOREIGN): $(FOREIGN_ALL) are the ones)
else ifneq ($(FOREIGN),)
export MACHINE ?= $(BUILD)/machine/$(FOREIGN)
export CC := $(MACHINE)/cc
export CXX := $(MACHINE)/c++
export CSC_OPTIONS := -cc $(CC) -cxx $(CXX) -ld $(CC)
export EMULATOR := $(MACHINE)/run
TIMEOUT := 1200
export CALLS := 10000
# What csc says of a program, and ways to build and install, are the same for all CPUs.
SKIPPED += $(filter-out published.t,$(wildcard *.t unit/*.t))
ifneq ($(FOREIGN)-$(shell uname -m),i386-x86_64)
export EMULATED := 1
SKIPPED += forking forked suspended_forked # a child may find a lock of the emulator's own taken, for good
endif
endif
