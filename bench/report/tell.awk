# Puts figures into a document; `tell` calls it, and says how.

# The lines about the machine: "# key   value".
kind != "" && /^# / {
  key = $0
  sub(/^# /, "", key)
  text = key
  sub(/ .*/, "", key)
  sub(/^[^ ]+ +/, "", text)
  machine[key] = text
  next
}

# The description, in quotes, is the last column, and may have commas.
kind != "" {
  load(kind)
  row = $1
  if (match($0, /".*"/)) description[row] = substr($0, RSTART + 1, RLENGTH - 2)
  next
}

function one(row, column) { return middle(cell("single", row), column) }
function said(row, column) { return value[cell("single", row), column, 1] }

# In words: the CPU, the system, CHICKEN and the compiler.
function measured_on(    cpu, kernel, compiler) {
  cpu = machine["cpu"]
  sub(/ online$/, " cores", cpu)
  gsub(/\(R\)|\(TM\)| Processor/, "", cpu)
  kernel = machine["kernel"]
  sub(/-.*/, "", kernel)
  compiler = machine["compiler"]
  if (compiler ~ /gcc/) sub(/^.* /, "GCC ", compiler)
  return cpu ", " kernel ", CHICKEN " machine["chicken"] ", " compiler ", on " substr(machine["date"], 1, 10)
}

function headline() {
  printf "A call by one thread of a callback that adds two numbers takes **%.0f ns**, %.2f of CHICKEN's own callback\n",
    one("callseq", "median_ns"), one("callseq", "ratio")
  printf "(%.0f ns; medians of %d rounds, `csc -O3 -d0`%s; %s).\n", one("plain", "median_ns"),
    one("plain", "rounds"), machine["flags"] ~ /-mbranches-within-32B/ ? ", branches aligned" : "",
    measured_on()
}

function table(    i, part, row, x, to) {
  print "| row | ns per call | of plain | what it is |"
  print "|---|---|---|---|"
  for (i = 1; i <= cell_count; i++) {
    split(cells[i], part, ",")
    row = part[2]
    if (one(row, "median_ns") == "") continue
    to = said(row, "ratio_to")
    x = sprintf("%.2f", one(row, "ratio"))
    printf "| %s | %.1f | %s%s | %s |\n", row == "callseq" ? "**" row "**" : row, one(row, "median_ns"),
      row == "callseq" ? "**" x "**" : x, to == "plain" ? "" : " of " to, description[row]
  }
}

function memory() {
  printf "An idle program takes %d KiB more than one of plain CHICKEN.\n",
    one("callseq", "idle_kib") - one("plain", "idle_kib")
}

# In milliseconds, with two digits that count.
function ms(us) { return sprintf(us < 9950 ? "%.1f ms" : "%.0f ms", us / 1000) }

function http(    i, way, who, row) {
  print "| answered by | requests per second | 99 % within | beside slow queries: per second | 99 % within |"
  print "|---|---|---|---|---|"
  split("c mutex scheme", way, " ")
  split("C alone, no Scheme|Scheme, a mutex round each answer|**Scheme, callseq**", who, "|")
  for (i = 1; i <= 3; i++) {
    row = "http-" way[i]
    printf "| %s | %d | %s | %d | %s |\n", who[i], one(row, "per_second"), ms(one(row, "p99_us")),
      one(row "-beside", "per_second"), ms(one(row "-beside", "p99_us"))
  }
}

function jobs(    i, n, setting, row) {
  print "| processes | threads of each | short jobs per second | long jobs per second | of one process with one thread |"
  print "|---|---|---|---|---|"
  n = split("1x1 1x2 1x4 2x1 2x2 4x1", setting, " ")
  for (i = 1; i <= n; i++) {
    row = "-" setting[i]
    printf "| %d | %d | %d | %d | %.2f |\n", substr(setting[i], 1, 1), substr(setting[i], 3),
      one("jobs-short" row, "per_second"), one("jobs-long" row, "per_second"),
      ratio(cell("single", "jobs-long" row), "per_second", cell("single", "jobs-long-1x1"), "per_second")
  }
}

# What processes that only compute get done together.
function alone(n) {
  return sprintf("%.2f", ratio(cell("single", "alone-" n), "per_second", cell("single", "alone-1"), "per_second"))
}

# ---- Several threads ----

function at(row, threads, work, callback) { return cell("single", row, threads, work, callback) }

# Three digits that count.
function digits(x) {
  if (x == "") return ""
  return sprintf(x >= 100 ? "%.0f" : x >= 10 ? "%.1f" : x >= 1 ? "%.2f" : "%.3f", x)
}

function time(ns) {
  if (ns == "") return ""
  if (ns < 1e3) return digits(ns) " ns"
  if (ns < 1e6) return digits(ns / 1e3) " µs"
  if (ns < 1e9) return digits(ns / 1e6) " ms"
  return digits(ns / 1e9) " s"
}

# The rows that have a cell with 64 threads and no work, or are `also`, into `list`.
function rows_of(prefix, also, list,    i, n, part) {
  for (i = 1; i <= cell_count; i++) {
    split(cells[i], part, ",")
    if (substr(part[2], 1, length(prefix)) == prefix && part[2] !~ /^goal-/ && part[4] == 0 && part[5] == 0 &&
        (part[3] == 64 || part[2] == also) && (prefix != "" || part[2] !~ /^probe-/))
      list[++n] = part[2]
  }
  return n
}

# A column, by threads.
function by_threads(column,    i, k, n, list, count, counts, line, x) {
  counts = split("1 2 4 8 16 32 64", count, " ")
  print "| row | 1 | 2 | 4 | 8 | 16 | 32 | 64 |"
  print "|---|---|---|---|---|---|---|---|"
  n = rows_of("", "plain", list)
  for (i = 1; i <= n; i++) {
    line = "| " list[i] " |"
    for (k = 1; k <= counts; k++) {
      x = middle(at(list[i], count[k], 0, 0), column)
      line = line " " (column == "p999_ns" ? time(x) : digits(x)) " |"
    }
    print line
  }
}

function longer(    i, n, list) {
  print "| row | 1 µs of work between calls | 10 µs | callbacks of 1 µs | 10 µs |"
  print "|---|---|---|---|---|"
  n = rows_of("", "", list)
  for (i = 1; i <= n; i++)
    printf "| %s | %s | %s | %s | %s |\n", list[i], digits(middle(at(list[i], 64, 1, 0), "mcalls_per_s")),
      digits(middle(at(list[i], 64, 10, 0), "mcalls_per_s")), digits(middle(at(list[i], 64, 0, 1), "mcalls_per_s")),
      digits(middle(at(list[i], 64, 0, 10), "mcalls_per_s"))
}

function probe(    i, n, list, c, nap) {
  print "| row | probe p50 | p99 | longest | longest wait of any | fairness | nap |"
  print "|---|---|---|---|---|---|---|"
  n = rows_of("probe-", "", list)
  for (i = 1; i <= n; i++) {
    c = at(list[i], 64, 0, 0)
    nap = middle(c, "nap_ms")
    printf "| %s | %s | %s | %s | %s | %.2f | %s |\n", substr(list[i], 7), time(middle(c, "probe_p50_ns")),
      time(middle(c, "probe_p99_ns")), time(middle(c, "probe_max_ns")), time(middle(c, "longest_ns")),
      middle(c, "fairness"), nap == "" ? "" : time(nap * 1e6)
  }
}

function goals(    i, x) {
  print "| goal, for 2 cores | wanted | measured | |"
  print "|---|---|---|---|"
  for (i = 1; ("goal-" i) in description; i++) {
    x = one("goal-" i, "measured")
    printf "| %s | %s | %s | %s |\n", description["goal-" i], said("goal-" i, "wanted"), x == "" ? "" : digits(x),
      said("goal-" i, "result") == "reached" ? "" : said("goal-" i, "result")
  }
}

/^<!-- end of figures -->$/ { inside = 0 }
!inside
/^<!-- figures: .* -->$/ {
  inside = 1
  if (/ headline /) headline()
  else if (/ machine /) print measured_on() "."
  else if (/ table /) table()
  else if (/ memory /) memory()
  else if (/ throughput /) by_threads("mcalls_per_s")
  else if (/ latency /) by_threads("p999_ns")
  else if (/ longer /) longer()
  else if (/ probe /) probe()
  else if (/ goals /) goals()
  else if (/ http /) http()
  else if (/ jobs /) jobs()
  else if (/ processors /)
    printf "Processes that only compute get %s times as much done when they are two, and %s when they are four.\n",
      alone(2), alone(4)
}
