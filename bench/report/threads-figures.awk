# Turns the samples of `run-threads`, and the goals, into what the documentation tells: medians.
#
#   awk -f samples.awk -f threads-figures.awk threads.csv fairness.csv probe.csv nap.csv goals.csv

FILENAME == "goals.csv" {
  if (FNR > 1 && match($0, /^".*",/)) {
    goal[++goals] = substr($0, RSTART + 1, RLENGTH - 3)
    split(substr($0, RLENGTH + 1), part, ",")
    reached[goals] = part[1] "," part[2] " " part[3] part[4] "," part[5]
  }
  next
}

{ load() }

END {
  print "row,threads,work_us,callback_us,mcalls_per_s,p999_ns,probe_p50_ns,probe_p99_ns,probe_max_ns," \
    "longest_ns,fairness,nap_ms,measured,wanted,result,description"
  for (i = 1; i <= cell_count; i++) {
    split(cells[i], part, ",")
    c = cells[i]
    at = part[2] "," part[3] "," part[4] "," part[5] ","
    if (part[1] == "threads") {
      printf "%s%s,%s,,,,,,,,,,\n", at, middle(c, "mcalls_per_s"), middle(c, "p999_ns")
    } else if (part[1] == "probe") {
      fair = cell("fairness", part[2], part[3], part[4], part[5], part[6])
      printf "probe-%s,,%s,%s,%s,%s,%s,%s,,,,\n", at, middle(c, "probe_p50_ns"), middle(c, "probe_p99_ns"),
        middle(c, "probe_max_ns"), longest(c), ratio(fair, "fewest_calls", fair, "most_calls"),
        middle(cell("nap", part[2], part[3]), "waiters_cpu_ms")
    }
  }
  for (i = 1; i <= goals; i++)
    printf "goal-%d,,,,,,,,,,,,%s,\"%s\"\n", i, reached[i], goal[i]
}
