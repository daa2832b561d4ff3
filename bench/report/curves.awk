# Turns medians into what lines.gp draws: curves of one column against threads, or batch_limit.
#
#   awk -f samples.awk -f curves.awk -v kind=KIND -v by=row|threads -v column=NAME -v unit=NUMBER
#     -v low=Y -v high=Y -v height=N -v labels=FILE FILE.csv > CURVES
#
# CURVES has a block for each value of `by`, of lines "x y colour"; FILE has lines "x y colour text",
# the name of each curve beside its end, moved so that no two names are on one of the `height` lines
# that fit between low and high. Only cells without work are drawn, and values out of low to high at
# the edge. Plain, which exists for one thread, is a level line, and only where it is calls per second.

BEGIN {
  # Not callseq-uncombined: here it is the line of callseq (doc/benchmarks.md says why).
  colours["callseq"] = "0xc62828"
  colours["mutex-resident"] = "0x2e7d32"; colours["mutex-plain"] = "0x1565c0"
  colours["spinning-queue"] = "0x6a1b9a"; colours["cncb-sync"] = "0x795548"
  colours["trivial-section"] = "0x9e9e9e"; colours["plain"] = "0x424242"
  colours["2"] = "0xc62828"; colours["8"] = "0x1565c0"; colours["64"] = "0x2e7d32"
}

{ load() }

# Of the column, or of what is calculated from some.
function result(c) {
  if (column == "fairness") return ratio(c, "fewest_calls", c, "most_calls")
  return column == "longest" ? longest(c) : middle(c, column)
}

END {
  for (i = 1; i <= cell_count; i++) {
    c = cells[i]
    split(c, part, ",")
    if (part[1] != kind || part[4] + part[5] > 0) continue
    curve = by == "row" ? part[2] : part[3]
    x = by == "row" ? part[3] : part[6] == "none" ? 0.5 : part[6]
    y = result(c)
    if (!(curve in colours) || y == "" || (curve == "plain" && column != "mcalls_per_s")) continue
    y /= unit
    y = y < low ? low : y > high ? high : y
    if (!(curve in points)) curves[++n] = curve
    points[curve] = points[curve] x " " y " " colours[curve] "\n"
    end_x[curve] = last_x = x
    end_y[curve] = y
  }
  if ("plain" in points) {
    points["plain"] = points["plain"] last_x " " end_y["plain"] " " colours["plain"] "\n"
    end_x["plain"] = last_x
  }
  for (i = 1; i <= n; i++)
    printf "%s\n\n", points[curves[i]]

  # The names from the lowest upwards, each at least a line above the one before; then, if that went
  # over the edge, downwards in the same way.
  for (i = 2; i <= n; i++)
    for (j = i; j > 1 && end_y[curves[j]] < end_y[curves[j - 1]]; j--) {
      c = curves[j]; curves[j] = curves[j - 1]; curves[j - 1] = c
    }
  logarithmic = low > 0
  for (i = 1; i <= n; i++) {
    y = end_y[curves[i]]
    at[i] = logarithmic ? log(y / low) / log(high / low) * height : (y - low) / (high - low) * height
    if (i > 1 && at[i] < at[i - 1] + 1) at[i] = at[i - 1] + 1
  }
  for (i = n; i >= 1; i--) {
    limit = i == n ? height : at[i + 1] - 1
    if (at[i] > limit) at[i] = limit
  }
  for (i = 1; i <= n; i++) {
    y = at[i] / height
    y = logarithmic ? low * exp(y * log(high / low)) : low + y * (high - low)
    printf "%s %s %s \"%s%s\"\n", end_x[curves[i]], y, colours[curves[i]], curves[i],
      by != "row" ? " threads" : curves[i] == "plain" ? ", one thread" : "" > labels
  }
}
