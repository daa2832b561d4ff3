# Turns the samples of events told into the table on standard output and lines of a CSV file.
#
#   awk -f ../report/samples.awk -f told.awk -v threads="1 4" -v csv=FILE FS=' ' SAMPLES ROWS
#
# SAMPLES: lines "round row threads events-per-second".
# ROWS:    lines "row package language description ...", in the order of the table.

BEGIN { counts = split(threads, count, " ") }

NR == FNR {
  speed[$2, $3, $1] = $4
  rounds = $1
  next
}

FNR == 1 {
  printf "%-9s %-11s", "row", "runs"
  for (i = 1; i <= counts; i++) printf " %9s", count[i] (count[i] > 1 ? " threads" : " thread")
  print "  how it is told"
  print "row,language,threads,mevents_per_s,ns_per_event,rounds,description" >>csv
}

!(($1, count[1], 1) in speed) { next }

{
  description = $0
  sub(/^[^ ]+ +[^ ]+ +[^ ]+ +/, "", description)
  printf "%-9s %-11s", $1, $3
  for (i = 1; i <= counts; i++) {
    for (r = 1; r <= rounds; r++)
      all[r] = speed[$1, count[i], r] / 1e6
    millions = median(all, rounds)
    printf " %9.2f", millions
    printf "%s,%s,%d,%.4f,%.2f,%d,\"%s\"\n", $1, $3, count[i], millions, 1000 / millions, rounds,
      description >> csv
  }
  print "  " description
}
