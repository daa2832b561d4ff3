# The targets of the root's makefile that build and run a host, test them all, or measure.
HOSTS := http sqlite python java rust audio jobs gui curl gpio
.PHONY: $(HOSTS) check-hosts bench-hosts
$(HOSTS): all
	@$(MAKE) --no-print-directory -C hosts STAGE=$(STAGE) OUT=$(BUILT)/hosts $@

check-hosts: all
	@$(MAKE) --no-print-directory -C hosts STAGE=$(STAGE) OUT=$(BUILT)/hosts check

bench-hosts: all
	@$(MAKE) --no-print-directory -C hosts STAGE=$(STAGE) OUT=$(BUILT)/hosts measure
