# The single-thread table as bars; `pictures` calls it with where bars are cut, in nanoseconds, in `cut`.
stats "single.bars" using 1 nooutput
# So far right that each label fits behind its bar: some 7 of the 520 pixels for a character.
stats "single.bars" using ($2 / (1 - (strlen(strcol(5)) + 2) * 7.0 / 520)) name "LABEL" nooutput
right = LABEL_max
set terminal svg size 720,100 - 24 * STATS_min font "sans-serif,13" background "white" noenhanced
set output folder . "/bench-single.svg"
set title "Nanoseconds per call by one thread, and the ratio to plain\n" . machine
set border 2 linecolor "#666666"
set xrange [0:right]
set xtics 0, 50, cut nomirror
set grid xtics linecolor "#e0e0e0"
set key at graph 1, graph 0.08 right samplen 1 nobox textcolor "#333333"
set yrange [STATS_min - 0.7:-0.3]
set ytics nomirror scale 0

plot "single.bars" using (0):1:(0):2:($1 - 0.35):($1 + 0.35):3:ytic(4) \
       with boxxyerrorbars fillstyle solid noborder linecolor rgb variable notitle, \
     "" using 2:1:5 with labels left offset 0.5,0 textcolor "#333333" notitle, \
     NaN with boxes fillstyle solid noborder linecolor "#c62828" title "callseq", \
     NaN with boxes fillstyle solid noborder linecolor "#90a4ae" title "other ways", \
     NaN with points pointtype 0 linecolor "#ffffff" title "▶ goes on beyond"
