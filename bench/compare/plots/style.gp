# What all plots share: terminal, grid, and a colour for each contender, the same everywhere.
everybody = "usertags sqlite_rows sqlite_json lmdb rocksdb redis limit"
colours = "#D55E00 #0072B2 #56B4E9 #009E73 #E69F00 #CC79A7 #777777"
position(name) = int(sum [i = 1:words(everybody)] (word(everybody, i) eq name ? i : 0))
colour(name) = word(colours, position(name))
width(name) = name eq "usertags" ? 3 : 1.8
# Dashed: no store, but what physics allows.
dash(name) = name eq "limit" ? 2 : 1
# Those who are in the file, in the order of everybody.
in_file(file) = " " . system("sed -n 's/^# \\([a-z_]*\\)$/\\1/p' '" . file . "' | tr '\\n' ' '")
chosen(name, file) = strstrt(in_file(file), " " . name . " ") ? " " . name : ""
present(file) = chosen("usertags", file) . chosen("sqlite_rows", file) . chosen("sqlite_json", file) \
              . chosen("lmdb", file) . chosen("rocksdb", file) . chosen("redis", file) . chosen("limit", file)

font = "DejaVu Sans, Helvetica, Arial, sans-serif"
set style line 100 lc rgb "#DDDDDD" lw 0.8
set grid ytics xtics ls 100
set border 3 lc rgb "#555555"
set tics nomirror scale 0.6
set mxtics 1
set mytics 1
unset key

# Names in their colours, in a row below all panels.
name_in_row(i, name) = sprintf("set label %d '%s%s' at screen %f,0.06 center tc rgb '%s' font '%s,15'", \
  i, name eq "limit" ? "- - " : "— ", name, 0.5 + 0.11 * (i - 0.5 - words(everybody) / 2.0), colour(name), font)
set_times = "set ytics ('10 ns' 1e-2, '100 ns' 1e-1, '1 µs' 1, '10 µs' 1e1, '100 µs' 1e2, '1 ms' 1e3, '10 ms' 1e4, '100 ms' 1e5, '1 s' 1e6)"
set_fine_times = "set ytics ('1 µs' 1, '2 µs' 2, '5 µs' 5, '10 µs' 1e1, '20 µs' 2e1, '50 µs' 5e1, '100 µs' 1e2, '200 µs' 2e2, '500 µs' 5e2, '1 ms' 1e3, '2 ms' 2e3, '5 ms' 5e3, '10 ms' 1e4, '20 ms' 2e4, '50 ms' 5e4, '100 ms' 1e5, '200 ms' 2e5, '500 ms' 5e5)"
