# Completion of usertags for fish: commands and options as `usertags --help` lists them; else files.
function __usertags_commands
    usertags (__usertags_words) --help 2>/dev/null | awk '/^Commands:/ { inside = 1; next } /^$/ { inside = 0 } inside { name = $1; sub(/^ +[^ ]+ +/, ""); print name "\t" $0 }'
end
# A word such as `cluster` has commands of its own: those that are typed already, as far as they have help.
function __usertags_words
    set -l words (commandline -opc)[2..-1]
    set -q words[1]; or return
    if set -q words[2]; and usertags $words[1] --help 2>/dev/null | grep -q '^Commands:'
        echo $words[1]; echo $words[2]
    else
        echo $words[1]
    end
end
function __usertags_is_group
    set -l words (commandline -opc)[2..-1]
    test (count $words) -eq 1; and usertags $words[1] --help 2>/dev/null | grep -q '^Commands:'
end
function __usertags_options
    usertags (__usertags_words) --help 2>/dev/null | awk '/^  -/ { many = split($1, names, ","); sub(/^ +[^ ]+ +/, ""); for (i = 1; i <= many; i++) print names[i] "\t" $0 }'
end
complete -c usertags -n '__fish_use_subcommand; or __usertags_is_group' -f -a '(__usertags_commands)'
complete -c usertags -n 'not __fish_use_subcommand; and string match -q -- "-*" (commandline -ct)' -f -a '(__usertags_options)'
