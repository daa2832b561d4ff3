# Says which of the project's goals the samples of a run reach, on standard output and in a CSV file.
#
#   awk -f samples.awk -f cells.awk -f goals.awk -v csv=FILE single-samples.csv threads.csv fairness.csv
#     probe.csv nap.csv waits.csv waits-probe.csv [peers.csv]
#
# Goals are for 2 cores. Ratios are medians of those within each round; those to other runtimes are of
# the medians of the last run of `make bench-peers`.

{ load() }

# Judges a goal: `comparison` is "<", "<=" or ">=".
function goal(what, x, comparison, wanted, unit,    reached) {
  reached = x == "" ? "not measured"                            \
    : (comparison == ">=" ? x >= wanted                         \
       : comparison == "<" ? x < wanted : x <= wanted) ? "reached" : "NOT REACHED"
  printf "  %-84s %9s  %-2s %-7s %s\n", what, x == "" ? "-" : sprintf("%.4g%s", x, unit), comparison,
    wanted unit, reached
  printf "\"%s\",%s,%s,%s,%s,%s\n", what, x == "" ? "-" : sprintf("%.6g", x), comparison, wanted,
    unit, reached > csv
}

# The cell of a row with `threads` threads that do nothing but call an addition.
function bare(row, threads) { return cell("threads", row, threads, 0, 0, "default") }

# Calls per second of callseq by those of another row.
function faster(threads, row, row_threads) {
  return ratio(bare("callseq", threads), "mcalls_per_s", bare(row, row_threads), "mcalls_per_s")
}

# The same with 64 threads, from the longer runs: in a short one the scheduler comes round to few of
# the threads that spin.
function faster_long(row) {
  return ratio(cell("fairness", "callseq", 64, 0, 0, "default"), "mcalls_per_s",
               cell("fairness", row, 64, 0, 0, "default"), "mcalls_per_s")
}

# Of callbacks that wait, and of Scheme programs.
function waits(row, threads) { return cell("waits", row, threads, 0, 0, "default") }
function waits_probe(row) { return cell("waits-probe", row, 1, 0, 0, "default") }

# In a unit of so many.
function units(x, unit) { return x == "" ? "" : x / unit }

# The least ratio of callseq's calls to those of another runtime; sets `nearest` to its name.
function beside_peers(threads, one_lock,    i, part, own, x, least) {
  own = cell("peers", "callseq", threads)
  nearest = ""
  for (i = 1; i <= cell_count; i++) {
    split(cells[i], part, ",")
    if (part[1] != "peers" || part[3] != threads || part[2] ~ /^(callseq|plain)$/) continue
    if (one_lock && value[cells[i], "runs", 1] != "one-lock") continue
    x = ratio(own, "mcalls_per_s", cells[i], "mcalls_per_s")
    if (x != "" && (nearest == "" || x < least)) {
      least = x
      nearest = part[2]
    }
  }
  return nearest == "" ? "" : least
}

END {
  print "goal,measured,comparison,wanted,unit,result" > csv
  print "Goals, for 2 cores; without work between calls where none is named"

  plain = cell("single-samples", "plain")
  goal("1 thread: time of a call, of plain's", ratio(cell("single-samples", "callseq"), "ns", plain,
       "ns"), "<=", 0.25)
  x = 1.15 * ratio(cell("single-samples", "callseq-bare"), "ns", plain, "ns")
  goal("1 thread: the same, or of 1.15 of callseq-bare's where that is more",
       ratio(cell("single-samples", "callseq"), "ns", plain, "ns"), "<=",
       x > 0.17 ? sprintf("%.3g", x) : 0.17)
  x = ratio(cell("single-samples", "callseq-handle"), "ns", plain, "ns")
  goal("1 thread: time of a handle beyond the two calls that give and take it, of a plain call",
       x == "" ? x : x - 2 * ratio(cell("single-samples", "callseq"), "ns", plain, "ns"), "<=", 0.5)
  goal("1 thread: time of a call in a Scheme program, of that in a C host",
       ratio(cell("single-samples", "callseq-hosted"), "ns", cell("single-samples", "callseq"), "ns"),
       "<=", 1.5)
  goal("1 thread: calls into a Scheme program, of those in the manner of the egg",
       ratio(cell("single-samples", "cncb-sync"), "ns", cell("single-samples", "callseq-hosted"), "ns"),
       ">=", 20)
  goal("1 thread: calls by callseq-cncb, of those in the egg's manner",
       ratio(cell("single-samples", "cncb-sync"), "ns", cell("single-samples", "callseq-cncb"), "ns"),
       ">=", 20)
  goal("1 thread: asynchronous ones, of those in the egg's manner",
       ratio(cell("single-samples", "cncb-async"), "ns",
             cell("single-samples", "callseq-cncb-async"), "ns"), ">=", 2)
  goal("1 thread: time of a post and its execution, in bursts of 256, of plain's",
       ratio(cell("single-samples", "callseq-post"), "ns", plain, "ns"), "<=", 0.5)
  goal("2 threads that post: posts and their executions, of one thread's",
       ratio(cell("single-samples", "callseq-post"), "ns", cell("single-samples", "callseq-post-two"),
             "ns"), ">=", 0.9)
  goal("1 thread: a notification while one is pending", middle(cell("single-samples", "callseq-notify"),
       "ns"), "<=", 100, " ns")
  goal("1 thread: a future and its result, with the runtime idle",
       units(middle(cell("single-samples", "callseq-future"), "ns"), 1e3), "<=", 3, " us")
  goal("1 thread: time of callseq_eval, of CHICKEN_eval_string in callseq_invoke",
       ratio(cell("single-samples", "callseq-eval"), "ns", cell("single-samples", "invoke-eval"), "ns"),
       "<=", 2)
  goal("1 thread: calls while 100 callbacks sleep, of its calls alone",
       ratio(cell("single-samples", "callseq"), "ns", cell("single-samples", "callseq-beside"), "ns"),
       ">=", 0.9)
  goal("1 thread: time of a call of a blocking C function that does nothing, of plain's",
       ratio(cell("single-samples", "callseq-blocking"), "ns", plain, "ns"), "<=", 3)
  goal("1 thread: calls into a Scheme program that sleeps: time, of those into a C host",
       ratio(waits("callseq", 1), "mcalls_per_s", waits("callseq-asleep", 1), "mcalls_per_s"), "<=",
       1.5)
  goal("1 thread: calls into a Scheme program that computes, a second",
       middle(waits("callseq-computing", 1), "mcalls_per_s"), ">=", 1, " M")
  goal("1 thread: what the program computes meanwhile, of what it does alone",
       middle(waits("callseq-computing", 1), "program_share"), ">=", 0.5)
  goal("1 thread that calls once a millisecond: p99 of a call into such a program",
       units(middle(waits_probe("callseq-computing"), "probe_p99_ns"), 1e6), "<=", 1, " ms")
  for (i = 0; i <= 1; i++)
    goal("1 thread, " i " us of work between calls: calls beside a green thread that computes, of those alone",
         ratio(cell("waits", "callseq-green", 1, i, 0, "default"), "mcalls_per_s",
               cell("waits", "callseq", 1, i, 0, "default"), "mcalls_per_s"), ">=", 0.5)
  goal("1 thread, 1 us of work between calls: p99.9 of a call beside it",
       units(middle(cell("waits", "callseq-green", 1, 1, 0, "default"), "p999_ns"), 1e6), "<=", 20, " ms")
  late = middle(waits("callseq-sleeping", 1), "p99_ns")
  goal("1 thread: p99 of a callback that sleeps 1 ms, above that of a sleep without Scheme",
       late == "" ? "" : units(late - middle(waits("nap-only", 1), "p99_ns"), 1e6), "<=", 1, " ms")
  goal("64 threads in blocking C functions of 1 ms: calls, of 64 threads without Scheme",
       ratio(waits("callseq-blocking", 64), "mcalls_per_s", waits("nap-only", 64), "mcalls_per_s"),
       ">=", 0.9)
  x = beside_peers(1, 0)
  goal("1 thread: calls, of the fastest other runtime's (" \
       (nearest ? nearest : "make bench-peers first") ")", x, ">=", 1)
  goal("2 threads: calls, of the spinning queue's", faster(2, "spinning-queue", 2), ">=", 2)
  goal("2 threads: calls, of plain's with one thread", faster(2, "plain", 1), ">=", 1)
  goal("64 threads: calls, of its own with 2 threads", faster(64, "callseq", 2), ">=", 0.8)
  goal("64 threads: calls, of a mutex and a plain callback", faster_long("mutex-plain"), ">=", 4)
  goal("64 threads: calls, of the spinning queue's", faster_long("spinning-queue"), ">=", 60)
  x = beside_peers(64, 1)
  goal("64 threads: calls, of the fastest runtime's with one lock (" \
       (nearest ? nearest : "make bench-peers first") ")", x, ">=", 1)
  goal("64 threads: p99.9 of a call", units(middle(bare("callseq", 64), "p999_ns"), 1e6), "<", 1, " ms")

  fair = cell("fairness", "callseq", 64, 0, 0, "default")
  goal(sprintf("64 threads: fewest/most calls of a thread in %.2g s", middle(fair, "seconds")),
       ratio(fair, "fewest_calls", fair, "most_calls"), ">=", 0.5)

  probe = cell("probe", "callseq", 64, 0, 0, "default")
  trivial = cell("probe", "trivial-section", 64, 0, 0, "default")
  goal("64 threads: p99 of the probe", units(middle(probe, "probe_p99_ns"), 1e6), "<", 5, " ms")
  goal(sprintf("64 threads: longest wait in %.2g s (without Scheme: %s)", middle(probe, "seconds"),
               duration(longest(trivial))), units(longest(probe), 1e6), "<", 100, " ms")
  nap = cell("nap", "callseq", 64)
  goal(sprintf("64 threads: CPU time of 63 while one's callback sleeps %g s", middle(nap, "sleep_s")),
       middle(nap, "waiters_cpu_ms"), "<", 20, " ms")
  goal("64 threads, 10 us of work between calls: calls, of a loop without any",
       ratio(cell("threads", "callseq", 64, 10, 0, "default"), "mcalls_per_s",
             cell("threads", "no-call", 64, 10, 0, "default"), "mcalls_per_s"), ">=", 0.95)
  judge_cells()
  goal(sprintf("cells of the tables, of %d, where another row has more calls, or a p99.9 below half",
               judged), judged ? lost : "", "<=", 0)
  for (i = 1; i <= lost; i++)
    print "    " lost_why[i]
}
