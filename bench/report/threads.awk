# Turns the samples of `run-threads` into its tables.
#
#   awk -f samples.awk -f threads.awk threads.csv fairness.csv probe.csv nap.csv

{ load() }

# Prints the tables of the cells of a kind, with an empty line before each number of threads.
function tables(kind,    i, part, title, last, n) {
  for (i = 1; i <= cell_count; i++) {
    split(cells[i], part, ",")
    if (part[1] != kind) continue
    title = sprintf("%s us of work between calls, callbacks of %s us", part[4], part[5])
    list[title, ++size[title]] = cells[i]
    if (size[title] == 1) titles[++n] = title
  }
  for (i = 1; i <= n; i++)
    print_table(titles[i])
}

function print_table(title,    i, c, part, last) {
  printf "\n%s\n", title
  printf "%7s  %-18s %10s %9s %9s %9s %9s %9s %9s %7s %9s\n", "threads", "row", "Mcalls/s", "p50",
    "p99", "p99.9", "longest", "fewest", "most", "f/m", "CPU/call"
  for (i = 1; i <= size[title]; i++) {
    c = list[title, i]
    split(c, part, ",")
    if (last != "" && part[3] != last) print ""
    last = part[3]
    printf "%7s  %-18s %10s %9s %9s %9s %9s %9s %9s %7s %9s\n", part[3], part[2],
      shown("%.3f", middle(c, "mcalls_per_s")), duration(middle(c, "p50_ns")),
      duration(middle(c, "p99_ns")), duration(middle(c, "p999_ns")), duration(middle(c, "max_ns")),
      shown("%d", middle(c, "fewest_calls")), shown("%d", middle(c, "most_calls")),
      shown("%.2f", ratio(c, "fewest_calls", c, "most_calls")),
      duration(middle(c, "cpu_ns_per_call"))
  }
}

# The cells with 64 threads and no work that were measured once.
function at_64(row, kind) { return cell(kind, row, 64, 0, 0, batch[row]) }

END {
  tables("threads")

  for (i = 1; i <= cell_count; i++) {
    split(cells[i], part, ",")
    if (part[1] == "probe") {
      rows[++n] = part[2]
      batch[part[2]] = part[6]
    }
  }
  printf "\n64 threads, no work, one call a millisecond by one of them (the probe); the longest wait " \
    "is of any thread,\nin %g s; fairness: fewest/most calls of a thread in %g s without the probe; " \
    "nap: CPU time of all\n63 threads together while they wait for a callback that sleeps %g s\n",
    middle(at_64(rows[1], "probe"), "seconds"), middle(at_64(rows[1], "fairness"), "seconds"),
    middle(cell("nap", rows[1], 64), "sleep_s")
  printf "%-18s %10s %10s %10s %13s %9s %9s\n", "row", "probe p50", "probe p99", "probe max",
    "longest wait", "fairness", "nap"
  for (i = 1; i <= n; i++) {
    c = at_64(rows[i], "probe")
    f = at_64(rows[i], "fairness")
    printf "%-18s %10s %10s %10s %13s %9s %9s\n", rows[i], duration(middle(c, "probe_p50_ns")),
      duration(middle(c, "probe_p99_ns")), duration(middle(c, "probe_max_ns")),
      duration(longest(c)),
      shown("%.2f", ratio(f, "fewest_calls", f, "most_calls")),
      shown("%.1f ms", middle(cell("nap", rows[i], 64), "waiters_cpu_ms"))
  }
}
