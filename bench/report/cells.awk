# Functions that judge the cells of threads.csv, of samples that samples.awk has loaded; by itself prints
# the cells that are lost, one in a line: threads, work, callback, and the rows that have them.
#
#   awk -f samples.awk -f cells.awk -v list=1 threads.csv

list { load() }

function calls_scheme(row) { return row != "trivial-section" && row != "no-call" }

# Cells in which another row that calls Scheme makes more calls than callseq, or has a far better p99.9
# with about as many calls and some fairness. Counts them in `judged` and `lost`, and notes in `lost_at`
# which ones, in `lost_to` to whom, in `lost_why` what is wrong.
function judge_cells(    i, k, part, own, at, to, x, best, least, quick, p999, why, whom) {
  judged = lost = 0
  for (i = 1; i <= cell_count; i++) {
    own = cells[i]
    split(own, part, ",")
    if (part[1] != "threads" || part[2] != "callseq") continue
    judged++
    best = quick = why = whom = ""
    for (k = 1; k <= cell_count; k++) {
      split(cells[k], at, ",")
      to = cells[k]
      if (at[1] != "threads" || at[3] != part[3] || at[4] != part[4] || at[5] != part[5] ||
          at[2] == "callseq" || !calls_scheme(at[2])) continue
      x = ratio(own, "mcalls_per_s", to, "mcalls_per_s")
      if (x == "") continue
      if (best == "" || x < least) {
        best = at[2]
        least = x
      }
      if (x > 1 / 0.9 || ratio(to, "fewest_calls", to, "most_calls") < 0.25) continue
      x = middle(to, "p999_ns")
      if (quick == "" || x < p999) {
        quick = at[2]
        p999 = x
      }
    }
    if (best != "" && least < 0.97) {
      why = sprintf("%.2f of the calls of %s", least, best)
      whom = best
    }
    if (quick != "" && middle(own, "p999_ns") > 2 * p999) {
      why = why (why == "" ? "" : ", ") sprintf("p99.9 %s, %s of %s", \
        duration(middle(own, "p999_ns")), duration(p999), quick)
      if (whom != quick) whom = whom (whom == "" ? "" : " ") quick
    }
    if (why == "") continue
    lost_at[++lost] = part[3] " " part[4] " " part[5]
    lost_to[lost] = whom
    lost_why[lost] = sprintf("%2s threads, %s us between calls, callbacks of %s us: %s", part[3],
                             part[4], part[5], why)
  }
}

END {
  if (list) {
    judge_cells()
    for (i = 1; i <= lost; i++)
      print lost_at[i] " " lost_to[i]
  }
}
