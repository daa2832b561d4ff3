# Prints the table of callbacks that wait, and of Scheme programs.
#
#   awk -f samples.awk -f waits.awk waits.csv waits-probe.csv

{ load() }

END {
  layout = "%-18s %8s %5s %9s %9s %9s %9s %8s %10s %10s\n"
  print ""
  printf layout, "row", "threads", "work", "Mcalls/s", "p50", "p99", "max", "program", "probe p99", "probe max"
  for (i = 1; i <= cell_count; i++) {
    split(cells[i], part, ",")
    if (part[1] != "waits") continue
    c = cells[i]
    probe = cell("waits-probe", part[2], part[3], part[4], 0, "default")
    printf layout, part[2], part[3], part[4] " us", shown("%.4f", middle(c, "mcalls_per_s")),
      duration(middle(c, "p50_ns")), duration(middle(c, "p99_ns")), duration(middle(c, "max_ns")),
      shown("%.2f", middle(c, "program_share")), duration(middle(probe, "probe_p99_ns")),
      duration(middle(probe, "probe_max_ns"))
  }
}
