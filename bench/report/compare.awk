# What got slower or faster between two runs; `compare` calls it, and says how.
#
#   awk -f samples.awk -f compare.awk -v time=PERCENT -v latency=PERCENT -v all=0|1
#     run=old FILE... run=new FILE...
#
# Time per call is compared through "ns" for one thread, and through calls per second for more.

{ load(run) }

# Compares a column of a cell; more_is_faster: it is a speed. Prints what changed.
function compare(what, c, column, percent, more_is_faster,    old, new, old_low, old_high, apart, by, verdict) {
  old = middle("old" c, column)
  old_low = lowest
  old_high = highest
  new = middle("new" c, column)
  if (old == "" || new == "" || old <= 0 || new <= 0) return
  compared++
  apart = lowest > old_high || highest < old_low
  by = more_is_faster ? old / new : new / old # above 1: slower
  verdict = "same"
  if (apart && by > 1 + percent / 100) {
    verdict = "SLOWER"
    slower++
  } else if (apart && by < 1 / (1 + percent / 100)) {
    verdict = "faster"
    faster++
  }
  if (verdict != "same" || all)
    printf "%-6s  x %-6.2f  %-9s  %s\n", verdict, by, what, description(c)
}

# A cell in words.
function description(c,    part) {
  split(c, part, ",")
  if (part[3] == "") return part[2] ", one thread"
  return sprintf("%s%s, threads: %s, %s us between calls, callbacks of %s us", part[2],
    part[6] == "default" ? "" : ", batch limit " part[6], part[3], part[4], part[5])
}

END {
  for (i = 1; i <= cell_count; i++) {
    c = cells[i]
    if (!sub(/^old/, "", c)) continue
    if (!(("new" c) in known)) {
      gone++
      print "GONE    " description(c)
      continue
    }
    compare("time", c, "ns", time, 0)
    compare("time", c, "mcalls_per_s", time, 1)
    compare("p99.9", c, "p999_ns", latency, 0)
  }
  if (!compared) {
    print "bench/compare: the two runs have no cell in common" > "/dev/stderr"
    exit 2
  }
  printf "%d compared: %d slower, %d faster%s\n", compared, slower, faster,
    gone ? ", and " gone " cells are not in the new run" : ""
  exit slower > 0 || gone > 0
}
