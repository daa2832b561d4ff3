# callseq: targets for people who have everything installed; ./run installs what is missing first.
#
# The egg (callseq.egg) is the one description of how the library is built. `make` has chicken-install
# build it in build/egg and install it in build/stage; everything here is then compiled against that.

PREFIX ?= /usr/local
BUILD ?= $(CURDIR)/build

# make splits at spaces, and so would rm.
ifneq ($(words x$(CURDIR)x x$(PREFIX)x x$(DESTDIR)x x$(BUILD)x x$(CALLSEQ_CONTEXT)x \
        x$(CALLSEQ_SYSTEM)x),6)
$(error callseq: a path with a space in it cannot be used here: move the checkout, or take another \
BUILD, PREFIX or DESTDIR)
endif

override PREFIX := $(abspath $(PREFIX))
override BUILD := $(abspath $(BUILD))
export BUILD
# Each way to build has a folder of its own below that one.
BUILT := $(BUILD)$(FOREIGN:%=/%)$(WAY:%=/%)$(TOOL:%=/%)$(CALLSEQ_CONTEXT:%=/%)$(CALLSEQ_SYSTEM:%=/%)

# What is missing is told before anything is begun.
GOALS := $(filter-out help clean,$(or $(MAKECMDGOALS),all))
ifneq ($(GOALS),)
ifeq ($(shell mkdir -p $(BUILT) 2>/dev/null && test -w $(BUILT) && echo may),)
$(error callseq: may not write to $(BUILT): give another folder, as in make BUILD=/tmp/callseq or \
BUILD=/tmp/callseq ./run check)
endif
endif
ifneq ($(filter-out verify uninstall bench-compare,$(GOALS)),)
ifeq ($(shell command -v $(firstword $(or $(CSC),csc)) && command -v chicken-install),)
$(error callseq: CHICKEN is not installed: csc and chicken-install are missing; on Debian ./run \
installs them first (./run help), elsewhere see https://call-cc.org)
endif
endif

STAGE := $(BUILT)/stage
STAGE_REPOSITORY := $(STAGE)/lib/chicken/11
SYSTEM_REPOSITORY := $(abspath $(shell env -u CHICKEN_INSTALL_REPOSITORY \
                                 chicken-install -repository 2>/dev/null))

# Where `make install` puts the egg. CHICKEN looks only in its own repository, so a PREFIX for the
# whole system goes with that one; any other PREFIX has everything below it.
ifneq ($(CHICKEN_INSTALL_REPOSITORY),)
REPOSITORY := $(abspath $(CHICKEN_INSTALL_REPOSITORY))
else ifneq ($(filter /usr /usr/local,$(PREFIX)),)
REPOSITORY := $(SYSTEM_REPOSITORY)
else
REPOSITORY := $(PREFIX)/lib/chicken/$(notdir $(SYSTEM_REPOSITORY))
endif
# Only install_egg tells chicken-install.
unexport CHICKEN_INSTALL_REPOSITORY CHICKEN_INSTALL_PREFIX DESTDIR

include tests/tools.mk tests/foreign.mk tests/ways.mk
export TOOL FOREIGN WAY $(if $(WAY),CC CXX)
export CALLSEQ_CFLAGS := $(strip $(CALLSEQ_CFLAGS) $(WAY_CFLAGS) $(TOOL_CFLAGS) $(SCHEME_CFLAGS))

SOURCES := callseq.egg callseq.h callseq.scm doc/reference.md \
           $(wildcard install/* src/build src/*/*)

# A folder whose files replace src/sequence/sequencer.[ch], for a BUILD of its own; see bench/designs.
SEQUENCER :=
OTHERS := $(if $(SEQUENCER),$(wildcard $(SEQUENCER)/sequencer.[ch]))

.PHONY: all demo census check check-asan check-tsan check-valgrind check-compilers torture fuzz
.PHONY: bench bench-peers
.PHONY: bench-peers-picture verify install uninstall clean help
all: $(STAGE)/.done

help:
	@echo 'make            build the library into build/stage'
	@echo 'make demo       build and run the demonstration (ARGS="FILE" or ARGS=--help)'
	@echo 'make check      build and run the tests (ONLY="case ..." for some, V=1 to see commands)'
	@echo 'make check-asan, make check-tsan, make check-valgrind'
	@echo '                the tests under AddressSanitizer and UndefinedBehaviorSanitizer,'
	@echo '                ThreadSanitizer, valgrind; each in a folder of its own, build/asan and so on'
	@echo 'make check-arch the tests for other CPUs, in an emulator; ARCH=arm64 for one of them'
	@echo 'make check-compilers'
	@echo '                the tests built by GCC and Clang with many options; WAY=NAME make check: one'
	@echo 'make torture    do everything at once, by chance (SECONDS=60, SEED=n, JOBS=2 processes)'
	@echo 'make fuzz       try random forms on the compile-time part (SECONDS=60, SEED=n)'
	@echo 'make verify     have spin check a model of the sequencer, and herd7 its memory orders'
	@echo '                (WHOLE=1: every state of 3 threads of 2 calls too)'
	@echo 'make bench      build and run the benchmark (QUICK=1: under a minute)'
	@echo 'make bench-batch     measure the batch limit (QUICK=1: half a minute)'
	@echo 'make bench-designs   compare other designs of the sequencer with ours (QUICK=1: a minute)'
	@echo 'make bench-pictures  draw what was measured as doc/pictures/bench-*.svg'
	@echo 'make bench-compare BASE=DIR    what got slower since DIR was copied from build/bench'
	@echo 'make bench-instructions  instructions of a call by CPU, in an emulator; ARCH=arm64 for one'
	@echo 'make bench-peers  the same call in other languages, those that are installed (QUICK=1);'
	@echo '                make bench-peers-picture draws the last run as doc/pictures/peers.svg'
	@echo 'make install    install egg, header and pkg-config file (PREFIX, DESTDIR,'
	@echo '                CHICKEN_INSTALL_REPOSITORY); make uninstall with the same removes them'
	@echo 'make clean      remove build/'
	@echo 'CALLSEQ_CONTEXT=ucontext before any of them takes the portable context switch,'
	@echo 'CALLSEQ_SYSTEM=posix what any system with POSIX threads has instead of Linux.'

# Installs build/egg: $(1) is the repository, $(2) the prefix of header and pkg-config file, and $(3)
# the folder that stands for /. The C compiler looks in include, CHICKEN's in include/chicken.
define install_egg
@cd $(BUILT)/egg && CHICKEN_INSTALL_REPOSITORY=$(1) CHICKEN_INSTALL_PREFIX=$(2) DESTDIR=$(3) \
  CHICKEN_REPOSITORY_PATH=$(1):$(SYSTEM_REPOSITORY) \
  chicken-install > $(BUILT)/egg.log 2>&1 || { cat $(BUILT)/egg.log >&2; exit 1; }
@ln -sf chicken/callseq.h $(3)$(2)/include/callseq.h
endef

$(STAGE)/.done: $(SOURCES) $(OTHERS) $(FOREIGN:%=$(MACHINE)/run)
	@rm -rf $(BUILT)/egg/src && mkdir -p $(BUILT)/egg $(STAGE)
	@cp -p --parents -t $(BUILT)/egg $(SOURCES)
	$(if $(OTHERS),@cp -p -t $(BUILT)/egg/src/sequence $(OTHERS))
	$(call install_egg,$(STAGE_REPOSITORY),$(STAGE),)
	$(if $(FOREIGN),$(import_as_source))
	@touch $@

$(FOREIGN:%=$(MACHINE)/run):
	@tests/machine $(FOREIGN) $(MACHINE)

# What a compiler loads when it sees (import callseq), for a compiler that runs on another CPU.
define import_as_source
@cp $(BUILT)/egg/callseq.import.scm $(STAGE_REPOSITORY) && rm $(STAGE_REPOSITORY)/callseq.import.so
endef

install: all
	@for folder in $(DESTDIR)$(REPOSITORY) $(DESTDIR)$(PREFIX)/include; do \
	  mkdir -p $$folder 2>/dev/null && test -w $$folder || { \
	    echo "make install: may not write to $$folder; run it as root, or give PREFIX=FOLDER" >&2; \
	    exit 1; }; \
	done
	$(call install_egg,$(REPOSITORY),$(PREFIX),$(DESTDIR))
	@echo 'callseq is installed: the egg in $(REPOSITORY), the header in $(PREFIX)/include'
ifneq ($(REPOSITORY),$(SYSTEM_REPOSITORY))
	@echo 'To compile programs against it:'
	@echo '  export CHICKEN_REPOSITORY_PATH=$(REPOSITORY):$(SYSTEM_REPOSITORY)'
	@echo '  export PKG_CONFIG_PATH=$(PREFIX)/lib/pkgconfig CPATH=$(PREFIX)/include'
endif

uninstall:
	@cd $(DESTDIR)$(REPOSITORY) && rm -f callseq.a callseq.so callseq.link callseq.egg-info \
	  callseq.import.so callseq.import.scm
	@cd $(DESTDIR)$(PREFIX) && rm -f include/callseq.h include/chicken/callseq.h \
	  lib/libcallseq.a lib/pkgconfig/callseq.pc lib/cmake/callseq/callseqConfig.cmake \
	  lib/cmake/callseq/callseqConfigVersion.cmake share/doc/callseq/reference.md
	@cd $(DESTDIR)$(PREFIX) && rmdir lib/cmake/callseq share/doc/callseq 2>/dev/null || :

# The demo runs in the caller's folder, so that ARGS may name a file there.
demo: census
	@$(BUILT)/demo/census $(ARGS)

census: all
	@$(MAKE) --no-print-directory -C demo STAGE=$(STAGE) OUT=$(BUILT)/demo all

# Under a tool the programs are tested, not the ways to build and install them: no demo either.
check: $(if $(TOOL)$(FOREIGN),all,census)
	@$(MAKE) --no-print-directory -C tests BUILD=$(BUILD) STAGE=$(STAGE) OUT=$(BUILT)/tests \
	  DEMO=$(BUILT)/demo/census check

check-asan check-tsan check-valgrind: check-%:
	@$(MAKE) --no-print-directory TOOL=$* check

# What bench-instructions takes besides: the CPU of this machine.
INSTRUCTIONS_ARCH := $(if $(filter undefined,$(origin ARCH)),native $(FOREIGN_ALL),$(ARCH))

# Several CPUs one after the other; with --keep-going the rest too when one has failed.
ARCH ?= $(FOREIGN_ALL)
CHECK_ARCH := $(ARCH:%=check-arch-%)
.PHONY: check-arch $(CHECK_ARCH)
check-arch: $(CHECK_ARCH)
$(CHECK_ARCH): check-arch-%:
	@echo '$*:'
	@$(MAKE) --no-print-directory FOREIGN=$* check

# Goes on after a failure, and tells at the end which ways failed.
check-compilers:
	@failed=; for way in $(WAYS); do echo "$$way:"; \
	  $(MAKE) --no-print-directory WAY=$$way check || failed="$$failed $$way"; done; \
	test -z "$$failed" || { echo "check-compilers: failed:$$failed" >&2; exit 1; }

torture: all
	@$(MAKE) --no-print-directory -C tests STAGE=$(STAGE) OUT=$(BUILT)/tests SETTINGS='$(strip \
	  $(foreach name,SECONDS SEED JOBS ROUND ONLY WITHOUT PATIENCE,$($(name):%=$(name)=%)))' torture

fuzz: all
	@$(MAKE) --no-print-directory -C tests/fuzz STAGE=$(STAGE) OUT=$(BUILT)/fuzz

verify:
	@verify/run $(BUILT)/verify

.PHONY: bench-batch bench-designs bench-pictures bench-compare bench-instructions count-instructions
run_bench = @$(MAKE) --no-print-directory -C bench STAGE=$(STAGE) OUT=$(BUILT)/bench

bench: all
	$(run_bench)

bench-batch: all
	$(run_bench) batch

bench-designs: all
	$(run_bench) designs

bench-pictures: all
	$(run_bench) pictures PICTURES=$(CURDIR)/doc/pictures

# The tables' lines come last, after what building says.
bench-instructions:
	@mkdir -p $(BUILT)
	@echo '| qemu-user for | plain callback | resident call | ratio |' >$(BUILT)/instructions.md
	@echo '|---|---|---|---|' >>$(BUILT)/instructions.md
	@for architecture in $(INSTRUCTIONS_ARCH); do \
	  $(MAKE) --no-print-directory FOREIGN=$${architecture#native} count-instructions \
	    >$(BUILT)/instructions.log && \
	  tail -n 1 $(BUILT)/instructions.log >>$(BUILT)/instructions.md || \
	  { cat $(BUILT)/instructions.log >&2; exit 1; }; \
	done
	@cat $(BUILT)/instructions.md

count-instructions: all
	$(run_bench) instructions

bench-compare:
	@bench/compare $(or $(BASE),$(error give BASE=DIR, a copy of build/bench)) $(BUILT)/bench

bench-peers bench-peers-picture: all
	@$(MAKE) --no-print-directory -C bench/peers STAGE=$(STAGE) OUT=$(BUILT)/bench/peers \
	  PICTURE=$(CURDIR)/doc/pictures/peers.svg $@

clean:
	rm -rf $(BUILT)
