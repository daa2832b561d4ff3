# Turns the samples of `run` into the table on standard output and a CSV file.
#
#   awk -f table.awk -v csv=FILE SAMPLES ROWS
#
# SAMPLES: lines "round row ns idle-KiB", "-" for what could not be measured.
# ROWS:    lines "row base calls description ...", in the order of the table.

# Median of the numbers list[1..n]; sorts the list.
function median(list, n,    i, j, x) {
  for (i = 2; i <= n; i++) {
    x = list[i]
    for (j = i - 1; j >= 1 && list[j] > x; j--)
      list[j + 1] = list[j]
    list[j + 1] = x
  }
  return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function shown(format, value) { return value == "" ? "-" : sprintf(format, value) }

NR == FNR {
  if ($3 != "-") ns[$2, $1] = $3
  if ($4 != "-") kib[$2, $1] = $4
  rounds = $1
  next
}

FNR == 1 {
  layout = "%-16s %9s %9s %7s %-12s %8s  %s\n"
  printf layout, "row", "median", "fastest", "ratio", "to", "idle", "what it is"
  print "row,median_ns,fastest_ns,ratio,ratio_to,idle_kib,calls,rounds,description" > csv
}

{
  row = $1; base = $2; calls = $3
  description = $0
  sub(/^[^ ]+ +[^ ]+ +[^ ]+ +/, "", description)

  times = ratios = idles = 0
  for (r = 1; r <= rounds; r++) {
    if ((row, r) in ns) time[++times] = ns[row, r]
    if ((row, r) in ns && (base, r) in ns) ratio[++ratios] = ns[row, r] / ns[base, r]
    if ((row, r) in kib) idle[++idles] = kib[row, r]
  }
  middle = times ? median(time, times) : ""
  fastest = times ? time[1] : ""
  relative = ratios ? median(ratio, ratios) : ""
  memory[row] = idles ? median(idle, idles) : ""

  printf layout, row, shown("%.1f", middle), shown("%.1f", fastest), shown("%.3f", relative), base,
    shown("%d", memory[row]), times ? description : "(not available here) " description
  printf "%s,%s,%s,%s,%s,%s,%s,%s,\"%s\"\n", row, shown("%.2f", middle), shown("%.2f", fastest),
    shown("%.4f", relative), base, shown("%d", memory[row]), calls, rounds, description > csv
}

END {
  if (memory["plain"] != "" && memory["callseq"] != "")
    printf "\nidle memory of callseq above plain: %d KiB\n", memory["callseq"] - memory["plain"]
}
