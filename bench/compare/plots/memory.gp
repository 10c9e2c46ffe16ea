# Memory a user, of those who keep the users in memory.
load "bench/compare/plots/style.gp"
set terminal svg size 900,540 noenhanced font font.",14" background "#FFFFFF"
set output folder."/memory.svg"
file = folder."/memory.dat"
set title "Memory a user with five tags, indexes included" font font.",17"
set xlabel "users"
set ylabel "bytes a user"
set logscale x
set yrange [0:*]
set offsets graph 0.04, graph 0.04, graph 0.12, 0
set xtics ("100" 1e2, "1,000" 1e3, "10,000" 1e4, "100,000" 1e5, "1 million" 1e6, "10 million" 1e7)
set key outside right center reverse Left spacing 1.3 samplen 2
plot for [name in present(file)] file index name using 1:2 with linespoints \
  lc rgb colour(name) lw width(name) pt 7 ps 0.6 title name, \
  for [name in present(file)] file index name using 1:2:(sprintf("%.0f", $2)) with labels \
  offset 0,0.9 tc rgb colour(name) notitle
