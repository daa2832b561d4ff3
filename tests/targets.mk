# The targets of the root's makefile that test: the suite and its ways to be built, torture, fuzzing, the
# model. Their settings are in settings/.
.PHONY: check check-package check-style check-asan check-tsan check-valgrind check-compilers torture fuzz verify

# Under a tool the programs are tested, not the ways to build and install them: no demo either. The
# whole suite ends with some programs on a library that asserts what it relies on.
check: $(if $(TOOL)$(FOREIGN)$(filter shrunken,$(WAY)),all,census)
	@$(MAKE) --no-print-directory -C tests BUILD=$(BUILD) STAGE=$(STAGE) OUT=$(BUILT)/tests \
	  DEMO=$(BUILT)/demo/census check
	$(if $(strip $(TOOL)$(FOREIGN)$(WAY)$(ONLY)),,@$(MAKE) --no-print-directory WAY=shrunken check)

check-style: all
	@tests/style
	@$(MAKE) --no-print-directory check ONLY=compilers

# RELEASES= for none.
RELEASES ?= bookworm trixie
check-package: dist
	@tests/package $(BUILT)/dist/$(ARCHIVE).tar.gz $(BUILT)/package $(RELEASES)

check-asan check-tsan check-valgrind: check-%:
	@$(MAKE) --no-print-directory TOOL=$* check

# Several CPUs one after the other; with --keep-going the rest too when one has failed.
CHECK_ARCH := $(addprefix check-arch-,$(or $(ARCH),$(FOREIGN_ALL)))
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
