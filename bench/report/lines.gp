# What the pictures with curves have in common.
set encoding utf8
set datafile separator whitespace
set border 3 linecolor "#666666"
set tics nomirror textcolor "#333333"
set grid xtics ytics linecolor "#e0e0e0"
unset key
set logscale x 2

heading(text) = text . "\n{/*0.8 " . machine . "}"

# How many curves NAME.curves has.
blocks(name) = int(system("grep -c '^$' " . name . ".curves")) / 2
