# How long the slow ones take: percentiles over a logarithmic axis of 1 / (1 - p).
load "bench/compare/plots/style.gp"
set terminal svg size 1320,520 noenhanced font font.",14" background "#FFFFFF"
set output folder."/latency.svg"
set multiplot layout 1,3 margins 0.06,0.97,0.25,0.88 spacing 0.07
set logscale xy
set xrange [1.25:*]
set xtics ("50 %%" 2, "90 %%" 10, "99 %%" 100, "99.9 %%" 1000, "99.99 %%" 10000)
set xlabel "of them are faster"

file = folder."/latency-single.dat"
eval set_fine_times
set title "One durable update" font font.",16"
do for [i = 1:words(everybody)] { eval name_in_row(i, word(everybody, i)) }
plot for [name in present(file)] file index name using 1:2 with lines \
  lc rgb colour(name) lw width(name) dt dash(name)

unset label
file = folder."/latency-group.dat"
set title "Commit of 256 updates" font font.",16"
plot for [name in present(file)] file index name using 1:2 with lines lc rgb colour(name) lw width(name) dt dash(name)

file = folder."/latency-find.dat"
eval set_times
set title "Find a user, touch every tag" font font.",16"
set label "dotted: beside a writer" at graph 0.03,0.97 tc rgb colour("usertags") font font.",12"
plot for [name in present(file)] file index name using 1:2 with lines lc rgb colour(name) lw width(name) dt dash(name), \
  file index "usertags beside a writer" using 1:2 with lines lc rgb colour("usertags") lw 2 dt 3
unset multiplot
