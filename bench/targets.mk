# The targets of the root's makefile that measure.
.PHONY: bench bench-lines bench-peers bench-peers-picture bench-batch bench-designs bench-pictures bench-compare bench-instructions count-instructions
run_bench = @$(MAKE) --no-print-directory -C bench STAGE=$(STAGE) OUT=$(BUILT)/bench

bench: all
	$(run_bench)

bench-batch: all
	$(run_bench) batch

bench-designs: all
	$(run_bench) designs

bench-lines: all
	$(run_bench) lines

bench-pictures: all
	$(run_bench) pictures PICTURES=$(CURDIR)/doc/pictures HOSTS=$(BUILT)/hosts/measured
	$(call tell,bench/figures.csv,figures.csv,README.md)
	$(call tell,bench/figures-threads.csv,figures-threads.csv,doc/benchmarks.md)
	$(call tell,hosts/measured/figures.csv,figures-hosts.csv,doc/hosts.md)

# tell: figures, if they were measured; what they are called in doc; the document that tells them.
define tell
@! [ -f $(BUILT)/$(1) ] || { cp $(BUILT)/$(1) doc/$(2) && bench/report/tell doc/$(2) $(3) >$(BUILT)/told && \
  cp $(BUILT)/told $(3) && rm $(BUILT)/told; }
endef

# The tables' lines come last, after what building says.
bench-instructions:
	@mkdir -p $(BUILT)
	@echo '| qemu-user for | plain callback | resident call | ratio |' >$(BUILT)/instructions.md
	@echo '|---|---|---|---|' >>$(BUILT)/instructions.md
	@for architecture in $(or $(ARCH),native $(FOREIGN_ALL)); do \
	  $(MAKE) --no-print-directory FOREIGN=$${architecture#native} count-instructions \
	    >$(BUILT)/instructions.log && \
	  tail -n 1 $(BUILT)/instructions.log >>$(BUILT)/instructions.md || \
	  { cat $(BUILT)/instructions.log >&2; exit 1; }; \
	done
	@cat $(BUILT)/instructions.md

count-instructions: all
	$(run_bench) instructions

bench-compare:
	@bench/report/compare $(or $(BASE),$(error give BASE=DIR, a copy of build/bench)) $(BUILT)/bench

bench-peers bench-peers-picture: all
	@$(MAKE) --no-print-directory -C bench/peers STAGE=$(STAGE) OUT=$(BUILT)/bench/peers \
	  PICTURE=$(CURDIR)/doc/pictures/peers.svg $@
