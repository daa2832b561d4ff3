# Functions to read files of samples, and to answer medians.
#
# A file of samples is CSV with a header, after comments that begin with #. The columns row, threads,
# work_us, callback_us and batch_limit, as far as it has them, say what was measured: a cell. The
# column round says when. The others are measured values; "-" or nothing is one that could not be
# measured. Only the last one may have commas in it.

BEGIN { FS = OFS = "," }

# Reads the current line. `kind`, the name of the file by default, belongs to the cell.
function load(kind,    i, c, round) {
  if (FNR == 1) header = 0
  if (/^#/) return
  if (!header++) {
    delete place
    columns = NF
    for (i = 1; i <= NF; i++) {
      name[i] = $i
      place[$i] = i
    }
    return
  }
  if (kind == "") {
    kind = FILENAME
    sub(/.*\//, "", kind)
    sub(/\.csv$/, "", kind)
  }
  c = cell(kind, field("row"), field("threads"), field("work_us"), field("callback_us"),
           field("batch_limit"))
  if (!(c in known)) {
    known[c]
    cells[++cell_count] = c
  }
  round = "round" in place ? field("round") : 1
  if (round > rounds) rounds = round
  for (i = 1; i <= columns; i++)
    if ($i != "-" && $i != "") value[c, name[i], round] = $i
}

function field(column) { return column in place ? $(place[column]) : "" }

function cell(kind, row, threads, work, callback, batch) {
  return kind "," row "," threads "," work "," callback "," batch
}

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

# Median, lowest and highest of a cell's column over all rounds; "" if there is no value.
function middle(c, column,    r, n, list, x) {
  for (r = 1; r <= rounds; r++)
    if ((c, column, r) in value) list[++n] = value[c, column, r] + 0
  if (!n) return lowest = highest = ""
  x = median(list, n)
  lowest = list[1]
  highest = list[n]
  return x
}

# Median of the ratios of two cells' columns within each round; "" if there is none.
function ratio(c, column, to, to_column,    r, n, list) {
  for (r = 1; r <= rounds; r++)
    if ((c, column, r) in value && value[to, to_column, r] + 0 > 0)
      list[++n] = value[c, column, r] / value[to, to_column, r]
  return n ? median(list, n) : ""
}

# The longest wait of any thread, the probe too.
function longest(c,    own, others) {
  own = middle(c, "probe_max_ns")
  others = middle(c, "max_ns")
  return own > others ? own : others
}

function shown(format, x) { return x == "" ? "-" : sprintf(format, x) }

# Nanoseconds, with a unit that suits.
function duration(ns) {
  if (ns == "") return "-"
  if (ns < 1e3) return sprintf("%d ns", ns)
  if (ns < 1e6) return sprintf("%.1f us", ns / 1e3)
  if (ns < 1e9) return sprintf("%.1f ms", ns / 1e6)
  return sprintf("%.1f s", ns / 1e9)
}
