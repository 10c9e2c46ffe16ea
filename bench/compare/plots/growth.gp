# What grows with the number of users, and how.
load "bench/compare/plots/style.gp"
set terminal svg size 1320,520 noenhanced font font.",14" background "#FFFFFF"
set output folder."/growth.svg"
set multiplot layout 1,3 margins 0.06,0.97,0.25,0.88 spacing 0.07
set logscale xy
set xtics ("100" 1e2, "1,000" 1e3, "10,000" 1e4, "100,000" 1e5, "1 million" 1e6, "10 million" 1e7)
set xlabel "users"

file = folder."/growth-update.dat"
eval set_fine_times
set title "Durable update, 256 in flight" font font.",16"
do for [i = 1:words(everybody)] { eval name_in_row(i, word(everybody, i)) }
plot for [name in present(file)] file index name using 1:2 with linespoints \
  lc rgb colour(name) lw width(name) dt dash(name) pt 7 ps 0.6

unset label
file = folder."/growth-find.dat"
eval set_times
set title "Find a user, touch every tag" font font.",16"
plot for [name in present(file)] file index name using 1:2 with linespoints \
  lc rgb colour(name) lw width(name) dt dash(name) pt 7 ps 0.6

file = folder."/growth-count.dat"
set title "Count of two tags" font font.",16"
plot for [name in present(file)] file index name using 1:2 with linespoints \
  lc rgb colour(name) lw width(name) dt dash(name) pt 7 ps 0.6
unset multiplot
