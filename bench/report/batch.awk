# Turns the samples of `run-batch` or `run-designs` into their table: KIND.csv, KIND-probe.csv and,
# if there is one, KIND-nap.csv.
#
#   awk -f samples.awk -f batch.awk -v kind=batch batch.csv batch-probe.csv

{ load() }

END {
  designs = kind == "designs"
  layout = "%s %10s %9s %9s %9s %9s %9s %10s %10s %13s" \
    (designs ? " %9s\n" : "\n")
  if (designs) head = sprintf("%7s  %-8s", "threads", "design")
  else head = sprintf("%7s  %-12s %5s", "threads", "row", "limit")
  printf layout, head, "Mcalls/s", "p50", "p99", "p99.9",
    "fairness", "CPU/call", "probe p99", "probe max", "longest wait", "nap"
  for (i = 1; i <= cell_count; i++) {
    split(cells[i], part, ",")
    if (part[1] != kind) continue
    if (last != "" && (part[3] != last || part[2] != row && !designs)) print ""
    last = part[3]
    row = part[2]
    c = cells[i]
    probe = c
    sub(/^[a-z]+/, "&-probe", probe)
    if (designs) head = sprintf("%7s  %-8s", part[3], row)
    else head = sprintf("%7s  %-12s %5s", part[3], row, part[6])
    printf layout, head, shown("%.3f", middle(c, "mcalls_per_s")),
      duration(middle(c, "p50_ns")), duration(middle(c, "p99_ns")), duration(middle(c, "p999_ns")),
      shown("%.3f", ratio(c, "fewest_calls", c, "most_calls")),
      duration(middle(c, "cpu_ns_per_call")), duration(middle(probe, "probe_p99_ns")),
      duration(middle(probe, "probe_max_ns")), duration(longest(probe)),
      shown("%.1f ms", middle(cell(kind "-nap", part[2], part[3]), "waiters_cpu_ms"))
  }
}
