# Completion of usertags for fish: commands and options as `usertags --help` lists them; else files.
function __usertags_commands
    usertags --help 2>/dev/null | awk '/^Commands:/ { inside = 1; next } /^$/ { inside = 0 } inside { name = $1; sub(/^ +[^ ]+ +/, ""); print name "\t" $0 }'
end
function __usertags_options
    usertags (commandline -opc)[2] --help 2>/dev/null | awk '/^  -/ { many = split($1, names, ","); sub(/^ +[^ ]+ +/, ""); for (i = 1; i <= many; i++) print names[i] "\t" $0 }'
end
complete -c usertags -n __fish_use_subcommand -f -a '(__usertags_commands)'
complete -c usertags -n 'not __fish_use_subcommand; and string match -q -- "-*" (commandline -ct)' -f -a '(__usertags_options)'
