# Throughput and latency against threads; `pictures` calls it.
load system("dirname '" . ARG0 . "'") . "/lines.gp"
set terminal svg size 720,460 font "sans-serif,13" background "white" enhanced
set xlabel "threads"
set rmargin 21
set logscale y 10
set xrange [1:64.01]
set xtics (1, 2, 4, 8, 16, 32, 64)

# The curves of a file, that of callseq thicker and on top, and their names.
draw = 'plot for [i = 0:blocks(name) - 1] name.".curves" index i using 1:2:3 \
       with linespoints linecolor rgb variable linewidth 1.8 pointtype 7 pointsize 0.5, \
     name.".curves" index callseq using 1:2:3 \
       with linespoints linecolor rgb variable linewidth 3.5 pointtype 7 pointsize 0.7, \
     name.".labels" using 1:2:4:3 with labels left offset 1,0 textcolor rgb variable noenhanced'

set output folder . "/bench-throughput.svg"
set title heading("Calls of an addition in Scheme, without work between calls")
set ylabel "million calls per second, all threads together"
set yrange [0.01:100]
set format y "%g"
name = "throughput"
callseq = 1 # after plain
@draw

set output folder . "/bench-latency.svg"
set title heading("Latency that one call in a thousand exceeds, without work between calls")
set ylabel "99.9th percentile"
set yrange [0.01:1e6] # microseconds
set ytics ("10 ns" 0.01, "100 ns" 0.1, "1 µs" 1, "10 µs" 10, "100 µs" 100, "1 ms" 1e3, "10 ms" 1e4, \
  "100 ms" 1e5, "1 s" 1e6)
name = "latency"
callseq = 0
@draw
