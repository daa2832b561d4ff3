# The web server under load as bars; `pictures` calls it.
set terminal svg size 760,430 font "sans-serif,13" background "white" noenhanced
set output folder . "/bench-http.svg"
set multiplot layout 1,2 title "A page by a web server of 8 threads, asked for on 16 connections from the same machine\n" . machine
set style data histograms
set style histogram clustered gap 1.5
set style fill solid noborder
set boxwidth 0.9
set border 1 linecolor "#666666"
set xtics nomirror scale 0
set grid ytics linecolor "#e0e0e0"
set format y "%.0f"
set yrange [0:*]
set ytics nomirror scale 0 textcolor "#333333"
set xtics textcolor "#333333"
set key at screen 0.5, screen 0.17 center samplen 1 Left reverse textcolor "#333333"
set xrange [-0.6:1.6]
set bmargin 7
do for [side = 0:1] {
  set title (side ? "99 % of them within so many milliseconds" : "thousand answers per second") textcolor "#333333"
  first = side ? 5 : 2
  if (side) { unset key }
  plot "http.bars" using first:xtic(1) linecolor rgb "#546e7a" title "C alone", \
       "" using first + 1 linecolor rgb "#90a4ae" title "Scheme and a mutex", \
       "" using first + 2 linecolor rgb "#c62828" title "callseq", \
       for [i = 0:2] "" using ($0 + (i - 1) * 0.2857):(column(first + i)):(sprintf(column(first + i) < 100 ? "%.1f" : "%.0f", column(first + i))) \
         with labels offset 0,0.6 textcolor "#333333" font ",11" notitle
}
unset multiplot
