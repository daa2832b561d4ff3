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
GOALS := $(filter-out help clean uninstall,$(or $(MAKECMDGOALS),all))
ifneq ($(GOALS),)
ifeq ($(shell mkdir -p $(BUILT) 2>/dev/null && test -w $(BUILT) && echo may),)
$(error callseq: may not write to $(BUILT): give another folder, as in make BUILD=/tmp/callseq or \
BUILD=/tmp/callseq ./run check)
endif
endif
ifneq ($(filter-out verify bench-compare dist man,$(GOALS)),)
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

include tests/settings/tool.mk tests/settings/foreign.mk tests/settings/way.mk
export TOOL FOREIGN WAY $(if $(WAY),CC CXX)
export CALLSEQ_CFLAGS := $(strip $(CALLSEQ_CFLAGS) $(WAY_CFLAGS) $(TOOL_CFLAGS) $(SCHEME_CFLAGS))

SOURCES := callseq.egg callseq.h callseq.scm callseq-cncb.scm callseq-eval.scm doc/reference.md \
           $(wildcard client/* install/* src/build src/*/*)

# A folder whose files replace those of src/sequence, for a BUILD of its own; see bench/designs.
SEQUENCER :=
OTHERS := $(if $(SEQUENCER),$(wildcard $(SEQUENCER)/*.[ch]))

.PHONY: all demo census install uninstall dist man clean help
all: $(STAGE)/.done

help:
	@echo 'make COMMAND [VARIABLE=VALUE...]'
	@echo
	@doc/list-commands make
	@echo
	@echo 'BUILD=FOLDER builds there and not in build/. CALLSEQ_CONTEXT=ucontext takes the portable context'
	@echo 'switch, CALLSEQ_SYSTEM=posix what any system with POSIX threads has instead of Linux.'

# Installs build/egg: $(1) is the repository, $(2) the prefix of header and pkg-config file, and $(3)
# the folder that stands for /. The C compiler looks in include, CHICKEN's in include/chicken.
define install_egg
@cd $(BUILT)/egg && CHICKEN_INSTALL_REPOSITORY=$(1) CHICKEN_INSTALL_PREFIX=$(2) DESTDIR=$(3) \
  CHICKEN_REPOSITORY_PATH=$(1):$(SYSTEM_REPOSITORY) \
  chicken-install > $(BUILT)/egg.log 2>&1 || { cat $(BUILT)/egg.log >&2; exit 1; }
@ln -sf chicken/callseq.h $(3)$(2)/include/callseq.h
endef

$(STAGE)/.done: $(SOURCES) $(OTHERS) $(FOREIGN:%=$(MACHINE)/run)
	@echo 'callseq: is being built, within a minute or so; what the compilers say goes to $(BUILT)/egg.log' >&2
	@rm -rf $(BUILT)/egg/src && mkdir -p $(BUILT)/egg $(STAGE)
	@tar -cf - $(SOURCES) | tar -xf - -C $(BUILT)/egg # not the folders: they may be read-only here
	$(if $(OTHERS),@cp -pf -t $(BUILT)/egg/src/sequence $(OTHERS))
	$(if $(FOREIGN),$(take_import_library))
	$(call install_egg,$(STAGE_REPOSITORY),$(STAGE),)
	$(if $(FOREIGN),$(import_as_source))
	@touch $@

$(FOREIGN:%=$(MACHINE)/run):
	@tests/machine $(FOREIGN) $(MACHINE)

# The egg's other modules import callseq while they are compiled, on this machine. So its import
# library is this machine's; chicken-install makes none where there is a newer one.
define take_import_library
@env -u CC -u CXX -u CSC_OPTIONS $(MAKE) --no-print-directory FOREIGN= all
@cp $(BUILD)/egg/callseq.import.so $(BUILT)/egg && touch -d tomorrow $(BUILT)/egg/callseq.import.so
endef

# What a compiler loads when it sees (import callseq), for a compiler that runs on another CPU.
define import_as_source
@cp $(BUILT)/egg/callseq*.import.scm $(STAGE_REPOSITORY) && rm $(STAGE_REPOSITORY)/callseq*.import.so
endef

# The man pages: in an archive of `make dist` they are there, elsewhere lowdown makes them.
MAN_PAGES = $(DESTDIR)$(PREFIX)/share/man
MAN := $(or $(patsubst %/callseq.3,%,$(wildcard doc/man/callseq.3)),\
         $(if $(shell command -v lowdown),$(BUILT)/man))

man: $(MAN:%=%/callseq.3)
	@echo "$(or $(MAN:%=man pages: %/*.[13]),make man: lowdown is not installed)"

$(BUILT)/man/callseq.3: doc/reference.md callseq.h callseq.egg install/man-pages
	@install/man-pages $(@D)

# The archive has what git has, as it is in the folder, and the man pages.
VERSION := $(shell sed -n 's/.*(version "\(.*\)").*/\1/p' callseq.egg)
ARCHIVE := callseq-$(VERSION)
dist:
	@git ls-files --error-unmatch callseq.egg >/dev/null || { echo 'make dist: not in a checkout' >&2; exit 1; }
	@rm -rf $(BUILT)/dist && mkdir -p $(BUILT)/dist/$(ARCHIVE)
	@git ls-files -z | xargs -0 cp -P --parents -t $(BUILT)/dist/$(ARCHIVE)
	@SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) && export SOURCE_DATE_EPOCH && cd $(BUILT)/dist && \
	  $(ARCHIVE)/install/man-pages $(ARCHIVE)/doc/man && \
	  tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime=@$$SOURCE_DATE_EPOCH \
	    --mode=go=rX $(ARCHIVE) | gzip -n >$(ARCHIVE).tar.gz && rm -rf $(ARCHIVE)
	@echo '$(BUILT)/dist/$(ARCHIVE).tar.gz'

install: all $(MAN:%=%/callseq.3)
	@for folder in $(DESTDIR)$(REPOSITORY) $(DESTDIR)$(PREFIX)/include; do \
	  mkdir -p $$folder 2>/dev/null && test -w $$folder || { \
	    echo "make install: may not write to $$folder; run it as root, or give PREFIX=FOLDER" >&2; \
	    exit 1; }; \
	done
	$(call install_egg,$(REPOSITORY),$(PREFIX),$(DESTDIR))
	$(if $(MAN),@mkdir -p $(MAN_PAGES)/man1 $(MAN_PAGES)/man3 && \
	  cp $(MAN)/*.1 $(MAN_PAGES)/man1 && cp $(MAN)/*.3 $(MAN_PAGES)/man3,\
	  @echo 'make install: no man pages: lowdown is not installed' >&2)
	@echo 'callseq is installed: the egg in $(REPOSITORY), the header in $(PREFIX)/include'
ifneq ($(REPOSITORY),$(SYSTEM_REPOSITORY))
	@echo 'To compile programs against it:'
	@echo '  export CHICKEN_REPOSITORY_PATH=$(REPOSITORY):$(SYSTEM_REPOSITORY)'
	@echo '  export PKG_CONFIG_PATH=$(PREFIX)/lib/pkgconfig CPATH=$(PREFIX)/include'
endif

uninstall:
	@rm -f $(addprefix $(DESTDIR)$(REPOSITORY)/callseq.,a so link egg-info import.so import.scm) \
	  $(foreach module,cncb eval,$(addprefix $(DESTDIR)$(REPOSITORY)/callseq-$(module).,o so link \
	    import.so import.scm)) \
	  $(addprefix $(DESTDIR)$(PREFIX)/,bin/callseq-repl include/callseq.h include/chicken/callseq.h lib/libcallseq.a \
	    lib/pkgconfig/callseq.pc lib/cmake/callseq/callseqConfig.cmake \
	    lib/cmake/callseq/callseqConfigVersion.cmake share/doc/callseq/reference.md) \
	  $(wildcard $(addprefix $(MAN_PAGES)/,man1/callseq-repl.1 man3/callseq.3 man3/callseq-forms.3 man3/callseq_*.3))
	@rmdir $(addprefix $(DESTDIR)$(PREFIX)/,lib/cmake/callseq share/doc/callseq) 2>/dev/null || :

# The demo runs in the caller's folder, so that ARGS may name a file there.
demo: census
	@$(BUILT)/demo/census $(ARGS)

census: all
	@$(MAKE) --no-print-directory -C demo STAGE=$(STAGE) OUT=$(BUILT)/demo all

clean:
	rm -rf $(BUILT)

include tests/targets.mk bench/targets.mk hosts/targets.mk
