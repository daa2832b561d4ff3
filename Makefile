# callseq: targets for people who have everything installed; ./run installs what is missing first.
#
# The egg (callseq.egg) is the one description of how the library is built. `make` has chicken-install
# build it in build/egg and install it in build/stage; everything here is then compiled against that.

PREFIX ?= /usr/local
BUILD := $(CURDIR)/build
STAGE := $(BUILD)/stage
STAGE_REPOSITORY := $(STAGE)/lib/chicken/11
SYSTEM_REPOSITORY := $(shell chicken-install -repository 2>/dev/null)

SOURCES := callseq.egg callseq.h callseq.scm callseq-compile-time.scm \
           $(wildcard src/* src/context/*)

.PHONY: all demo check bench install clean help
all: $(STAGE)/.done

help:
	@echo 'make            build the library into build/stage'
	@echo 'make demo       build and run the demonstration (ARGS="FILE" or ARGS=--help)'
	@echo 'make check      build and run the tests (ONLY="case ..." for some, V=1 to see commands)'
	@echo 'make bench      build and run the benchmark (QUICK=1: under a minute)'
	@echo 'make install    install egg, header and pkg-config file (PREFIX, DESTDIR,'
	@echo '                CHICKEN_INSTALL_REPOSITORY)'
	@echo 'make clean      remove build/'
	@echo 'CALLSEQ_CONTEXT=ucontext before any of them takes the portable context switch.'

$(STAGE)/.done: $(SOURCES)
	@mkdir -p $(BUILD)/egg $(STAGE)
	@cp -p --parents -t $(BUILD)/egg $(filter-out %/context,$(SOURCES))
	@cd $(BUILD)/egg && CHICKEN_INSTALL_REPOSITORY=$(STAGE_REPOSITORY) \
	  CHICKEN_INSTALL_PREFIX=$(STAGE) \
	  CHICKEN_REPOSITORY_PATH=$(STAGE_REPOSITORY):$(SYSTEM_REPOSITORY) \
	  chicken-install > $(BUILD)/egg.log 2>&1 || { cat $(BUILD)/egg.log >&2; exit 1; }
	@ln -sf chicken/callseq.h $(STAGE)/include/callseq.h
	@touch $@

demo: all
	@$(MAKE) --no-print-directory -C demo STAGE=$(STAGE) OUT=$(BUILD)/demo ARGS="$(ARGS)" run

check: all
	@$(MAKE) --no-print-directory -C demo STAGE=$(STAGE) OUT=$(BUILD)/demo all
	@$(MAKE) --no-print-directory -C tests STAGE=$(STAGE) OUT=$(BUILD)/tests check

bench: all
	@$(MAKE) --no-print-directory -C bench STAGE=$(STAGE) OUT=$(BUILD)/bench

clean:
	rm -rf $(BUILD)
