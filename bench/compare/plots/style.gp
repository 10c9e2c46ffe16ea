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
