# Turns the samples of `run` into the table on standard output and a CSV file.
#
#   awk -f samples.awk -f table.awk -v csv=FILE single-samples.csv FS=' ' ROWS
#
# ROWS: lines "row base calls description ...", in the order of the table.

NR == FNR {
  load()
  next
}

FNR == 1 {
  layout = "%-18s %9s %9s %7s %-12s %8s  %s\n"
  printf layout, "row", "median", "fastest", "ratio", "to", "idle", "what it is"
  print "row,median_ns,fastest_ns,ratio,ratio_to,idle_kib,calls,rounds,description" > csv
}

{
  row = $1; base = $2; calls = $3
  description = $0
  sub(/^[^ ]+ +[^ ]+ +[^ ]+ +/, "", description)

  c = cell("single-samples", row)
  memory[row] = middle(c, "idle_kib")
  relative = ratio(c, "ns", cell("single-samples", base), "ns")
  time = middle(c, "ns")

  printf layout, row, shown("%.1f", time), shown("%.1f", lowest), shown("%.3f", relative), base,
    shown("%d", memory[row]), time == "" ? "(not available here) " description : description
  printf "%s,%s,%s,%s,%s,%s,%s,%s,\"%s\"\n", row, shown("%.2f", time), shown("%.2f", lowest),
    shown("%.4f", relative), base, shown("%d", memory[row]), calls, rounds, description > csv
}

END {
  if (memory["plain"] != "" && memory["callseq"] != "")
    printf "\nidle memory of callseq above plain: %d KiB\n", memory["callseq"] - memory["plain"]
}
