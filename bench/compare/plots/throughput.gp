# Durable updates a second over the size of a group.
load "bench/compare/plots/style.gp"
set terminal svg size 900,540 noenhanced font font.",14" background "#FFFFFF"
set output folder."/throughput.svg"
file = folder."/throughput.dat"
set title "Durable updates, by how many are in flight" font font.",17"
set xlabel "updates that one sync makes durable"
set ylabel "updates a second"
set logscale x 2
set logscale y
set xrange [1:4200]
set xtics (1, 4, 16, 64, 256, 1024, 4096)
set ytics ("100" 1e2, "1,000" 1e3, "10,000" 1e4, "100,000" 1e5, "1,000,000" 1e6, "10,000,000" 1e7)
set key outside right center reverse Left spacing 1.3 samplen 2
plot for [name in present(file)] file index name using 1:2 with linespoints \
  lc rgb colour(name) lw width(name) dt dash(name) pt 7 ps 0.6 title name
