# Turns the samples of `run` into the table on standard output and lines of a CSV file.
#
#   awk -f ../report/samples.awk -f table.awk -v threads="1 2 ..." -v csv=FILE FS=' ' SAMPLES ROWS
#
# SAMPLES: lines "round row threads calls-per-second fewest most".
# ROWS:    lines "row package runs description ...", in the order of the table.

# Median over the rounds of calls per second of row a with n threads, by those of row b with m.
function times(a, n, b, m,    r, list) {
  for (r = 1; r <= rounds; r++)
    list[r] = speed[a, n, r] / speed[b, m, r]
  return median(list, rounds)
}

# The row with which callseq with n threads compares worst; runs: rows of that kind, "" for all.
function compare(n, runs,    i, row, r, nearest, least) {
  for (i = 1; i <= rows; i++) {
    row = name[i]
    if (row == "callseq" || kind[row] == "owner" || (runs && kind[row] != runs)) continue
    r = times("callseq", n, row, n)
    if (nearest == "" || r < least) { nearest = row; least = r }
  }
  if (nearest != "")
    printf "callseq, %d thread%s, beside %s: at least %.2f times the calls (%s)\n", n,
      (n > 1 ? "s" : ""), (runs ? "those with one lock" : "all"), least, nearest
}

BEGIN { counts = split(threads, count, " ") }

NR == FNR {
  speed[$2, $3, $1] = $4
  fair[$2, $3, $1] = $6 > 0 ? $5 / $6 : 0
  rounds = $1
  next
}

FNR == 1 {
  printf "%-21s %*s %*s\n", "", 8 * counts - 1, "Mcalls/s with threads", 7 * counts,
    "of plain, with threads"
  printf "%-11s %-9s", "row", "runs"
  for (i = 1; i <= counts; i++) printf " %7d", count[i]
  printf " "
  for (i = 1; i <= counts; i++) printf " %6d", count[i]
  printf "  %6s  %s\n", "fair", "what it is"
  print "row,runs,threads,mcalls_per_s,ns_per_call,of_plain,fewest_by_most,rounds,description" >>csv
}

!(($1, 1, 1) in speed) { next }

{
  row = name[++rows] = $1
  runs = kind[row] = $3
  description = $0
  sub(/^[^ ]+ +[^ ]+ +[^ ]+ +/, "", description)

  speeds = relative = ""
  for (i = 1; i <= counts; i++) {
    n = count[i]
    if (!((row, n, 1) in speed)) {
      speeds = speeds sprintf(" %7s", "-")
      relative = relative sprintf(" %6s", "-")
      fairness = "-"
      continue
    }
    for (r = 1; r <= rounds; r++) {
      all[r] = speed[row, n, r] / 1e6
      even[r] = fair[row, n, r]
    }
    millions = median(all, rounds)
    of_plain = times("plain", 1, row, n)
    fairness = sprintf("%.3f", median(even, rounds))
    speeds = speeds sprintf(" %7.2f", millions)
    relative = relative sprintf(" %6.2f", of_plain)
    printf "%s,%s,%d,%.4f,%.2f,%.4f,%s,%d,\"%s\"\n", row, runs, n, millions, 1000 / millions,
      of_plain, fairness, rounds, description >> csv
  }
  printf "%-11s %-9s%s %s  %6s  %s\n", row, runs, speeds, relative, fairness, description
}

END {
  print ""
  compare(count[1], "")
  compare(count[counts], "one-lock")
}
