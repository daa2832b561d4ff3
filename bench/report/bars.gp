# The single-thread table as bars; `pictures` calls it.
set terminal svg size 720,460 font "sans-serif,13" background "white" noenhanced
set output folder . "/bench-single.svg"
set title "Nanoseconds per call by one thread, and the ratio to plain\n" . machine
set border 2 linecolor "#666666"
set logscale x 10
stats "single.bars" using 2 nooutput
set xrange [5:STATS_max * 20] # room for the longest bar's label
set xtics nomirror format "%g"
set grid xtics linecolor "#e0e0e0"
unset key
stats "single.bars" using 1 nooutput
set yrange [STATS_min - 0.7:-0.3]
set ytics nomirror scale 0

plot "single.bars" using (5):1:(5):2:($1 - 0.35):($1 + 0.35):3:ytic(4) \
       with boxxyerrorbars fillstyle solid noborder linecolor rgb variable, \
     "" using 2:1:5 with labels left offset 0.7,0 textcolor "#333333"
