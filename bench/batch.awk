# Turns the samples of `run-batch` into its table.
#
#   awk -f samples.awk -f batch.awk batch.csv batch-probe.csv

{ load() }

END {
  layout = "%7s %7s %10s %9s %9s %9s %9s %10s %10s %13s\n"
  printf layout, "threads", "limit", "Mcalls/s", "p50", "p99", "p99.9", "fairness", "probe p99",
    "probe max", "longest wait"
  for (i = 1; i <= cell_count; i++) {
    split(cells[i], part, ",")
    if (part[1] != "batch") continue
    if (last != "" && part[3] != last) print ""
    last = part[3]
    c = cells[i]
    probe = c
    sub(/^batch/, "batch-probe", probe)
    printf layout, part[3], part[6], shown("%.3f", middle(c, "mcalls_per_s")),
      duration(middle(c, "p50_ns")), duration(middle(c, "p99_ns")), duration(middle(c, "p999_ns")),
      shown("%.3f", ratio(c, "fewest_calls", c, "most_calls")),
      duration(middle(probe, "probe_p99_ns")), duration(middle(probe, "probe_max_ns")),
      duration(longest(probe))
  }
}
