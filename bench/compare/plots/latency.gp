# How long the slow ones take: percentiles over a logarithmic axis of 1 / (1 - p).
load "bench/compare/plots/style.gp"
set terminal svg size 1320,520 noenhanced font font.",14" background "#FFFFFF"
set output folder."/latency.svg"
set multiplot layout 1,3 margins 0.06,0.985,0.25,0.88 spacing 0.07
set logscale xy
set xrange [1.5:*]
set xtics ("50 %%" 2, "90 %%" 10, "99 %%" 100, "99.9 %%" 1000, "99.99 %%" 10000)
set xlabel "of them are faster"
set ytics ("10 ns" 1e-2, "100 ns" 1e-1, "1 µs" 1, "10 µs" 1e1, "100 µs" 1e2, "1 ms" 1e3, "10 ms" 1e4, "100 ms" 1e5, "1 s" 1e6)

file = folder."/latency-single.dat"
set title "One durable update" font font.",16"
set key at screen 0.5,0.06 center center horizontal maxrows 1 samplen 1.5 width 1
plot for [name in present(file)] file index name using 1:2 with lines \
  lc rgb colour(name) lw width(name) dt dash(name) title name

unset key
file = folder."/latency-group.dat"
set title "Commit of 256 updates" font font.",16"
plot for [name in present(file)] file index name using 1:2 with lines lc rgb colour(name) lw width(name) dt dash(name)

file = folder."/latency-find.dat"
set title "Find a user, touch every tag" font font.",16"
set label "dotted: beside a writer" at graph 0.03,0.97 tc rgb colour("usertags") font font.",12"
plot for [name in present(file)] file index name using 1:2 with lines lc rgb colour(name) lw width(name) dt dash(name), \
  file index "usertags beside a writer" using 1:2 with lines lc rgb colour("usertags") lw 2 dt 3
unset multiplot
