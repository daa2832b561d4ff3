# callseq against batch_limit, three panels; `pictures` calls it.
set terminal svg size 720,860 font "sans-serif,13" background "white" enhanced
set output folder . "/bench-batch.svg"
load system("dirname '" . ARG0 . "'") . "/lines.gp"

set multiplot layout 3,1 title heading("callseq against batch\\_limit, batch\\_busy set") offset 0,-0.5
set tmargin 2
set rmargin 14
set lmargin 10
set xrange [0.5:1024.1]
set xtics ("none" 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)

panel = 'plot for [i = 0:blocks(name) - 1] name.".curves" index i using 1:2:3 \
       with linespoints linecolor rgb variable linewidth 1.8 pointtype 7 pointsize 0.5, \
     name.".labels" using 1:2:4:3 with labels left offset 1,0 textcolor rgb variable noenhanced'

set logscale y 10
set format y "%g"
set ylabel "million calls per second"
set yrange [1:100]
name = "batch-throughput"
@panel

set ylabel "longest wait, milliseconds"
set yrange [0.01:1000]
name = "batch-wait"
@panel

unset logscale y
set ylabel "fewest / most calls of a thread"
set xlabel "batch\\_limit"
set yrange [0:1]
name = "batch-fairness"
@panel
unset multiplot
