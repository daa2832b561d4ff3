# Draws calls per second against threads, a curve per runtime; `make bench-peers-picture` calls it:
#
#   gnuplot -e "csv='FILE'; picture='FILE'" picture.gp

set terminal svg size 860,540 font "sans-serif,13" background "white"
set output picture
set datafile separator comma
set datafile missing NaN

machine = system("sed -n 's/^# //p' '" . csv . "'")
other = "!/^#/ && $1 != \"row\" && $1 != \"plain\""
rows = system("awk -F, '" . other . " && !seen[$1]++ {print $1}' '" . csv . "'")
plain = real(system("awk -F, '$1 == \"plain\" {print $4}' '" . csv . "'"))

set title "Calls of one small function from foreign threads\n{/*0.8 " . machine . "}"
set xlabel "threads"
set ylabel "million calls per second, all threads together"
set logscale x 2
set logscale y 10
set xrange [0.9:72]
set xtics (1, 2, 16, 64) nomirror
set ytics nomirror
set mytics 10
set border 3
set grid xtics ytics mytics linecolor "#dddddd", linecolor "#eeeeee"
set key outside right center Left reverse noenhanced samplen 3 spacing 1.3

# A colour for each language, a dash for what runs calls in parallel, a hollow mark for what enters
# and leaves with each call where another row stays inside.
colour(row) = row eq "callseq" ? "#c62828" : row eq "luajit" ? "#1a237e" : \
  row eq "lua" ? "#42a5f5" : row eq "python" ? "#f9a825" : row eq "ocaml" ? "#ef6c00" : \
  row[1:5] eq "guile" ? "#2e7d32" : row[1:4] eq "chez" ? "#6a1b9a" : "#546e7a"
parallel(row) = row[1:5] eq "guile" || row[1:4] eq "chez" || row eq "ghc-cores"
kept(row) = strlen(row) > 5 && row[strlen(row) - 4:] eq "-kept"
mark(row) = row eq "callseq" ? 7 : parallel(row) && !kept(row) ? 6 : kept(row) ? 7 : 5
dash(row) = parallel(row) ? 2 : 1
width(row) = row eq "callseq" ? 3.5 : 1.6
label(row) = parallel(row) ? row . " (parallel)" : row

plot plain with lines linecolor "#888888" linewidth 1.5 title "plain, its one thread", \
     for [row in rows] csv using (strcol(1) eq row ? $3 : NaN):4 with linespoints \
       linecolor rgb colour(row) linewidth width(row) dashtype dash(row) \
       pointtype mark(row) pointsize 0.6 title label(row), \
     csv using (strcol(1) eq "callseq" ? $3 : NaN):4 with lines \
       linecolor rgb colour("callseq") linewidth width("callseq") notitle
