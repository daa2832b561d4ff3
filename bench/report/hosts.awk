# Turns the figures of bench-hosts into what hosts.gp draws: for each load its name, thousands of answers per
# second of C, of a mutex and of callseq, and their milliseconds.

{ load("") }

function group(name, suffix,    i, way, rates, times, c) {
  split("c mutex scheme", way, " ")
  for (i = 1; i <= 3; i++) {
    c = cell("figures", "http-" way[i] suffix)
    rates = rates " " middle(c, "per_second") / 1000
    times = times " " middle(c, "p99_us") / 1000
  }
  print "\"" name "\"" rates times
}

END {
  group("alone", "")
  group("beside slow queries", "-beside")
}
