# Share of requests that took longer than so many ms. Set by run_demo: title, output, raw (the files' folder and mode),
# servers (words, as in the files' names) and names (of the servers, in quotes).
set terminal svg size 900,600 font "sans-serif,14" background "white"
set output output
set title "Latency from the planned arrival, connections: ".title
set xlabel "latency, ms"
set ylabel "share of requests that took longer"
set logscale xy
set xrange [0.05:*]
set yrange [1e-4:1]
set format y "10^{%T}"
set grid
set key bottom left
set linetype 1 lc rgb "#d95f02" lw 2
set linetype 2 lc rgb "#7570b3" lw 2
set linetype 3 lc rgb "#1b9e77" lw 2
file(i, kind) = raw.".".word(servers, i).".".kind.".tail"
plot for [i=1:words(servers)] file(i, "fast") with steps lt i title "/fast, ".word(names, i), \
     for [i=1:words(servers)] file(i, "slow") with steps lt i dt 2 title "/slow, ".word(names, i)
