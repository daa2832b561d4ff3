# Turns figures.csv into what bars.gp draws: lines "position length colour row label", the first row on
# top. What is longer than `cut` nanoseconds is cut there, and its label says so by an arrow.
#
#   awk -f samples.awk -f bars.awk -v cut=NS figures.csv

{ load() }

END {
  for (i = 1; i <= cell_count; i++) {
    split(cells[i], part, ",")
    ns = middle(cells[i], "median_ns")
    x = middle(cells[i], "ratio")
    if (ns == "") continue
    to = value[cells[i], "ratio_to", 1]
    printf "%d %s %s \"%s\" \"%s%s ns, %.2f%s\"\n", -(++n), (ns > cut ? cut : ns), \
      part[2] ~ /^(callseq|invoke)/ ? "0xc62828" : "0x90a4ae", part[2], (ns > cut ? "\342\226\266 " : ""), \
      ns < 100 ? sprintf("%.1f", ns) : sprintf("%d", ns), x, \
      to == "plain" ? "" : " of " to
  }
}
