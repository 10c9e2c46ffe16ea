# Completion of usertags for bash: commands and options as `usertags --help` lists them; else files.
_usertags() {
  local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}
  local listed group=()
  # A word such as `cluster` has commands of its own.
  if [ "$COMP_CWORD" -gt 1 ] && usertags "$command" --help 2>/dev/null | grep -q '^Commands:'; then group=("$command"); fi
  if [ "$COMP_CWORD" -eq $((1 + ${#group[@]})) ]; then
    listed=$(usertags "${group[@]}" --help 2>/dev/null | awk '/^Commands:/ { inside = 1; next } /^$/ { inside = 0 } inside { print $1 } /^ +-/ { print $1 }' |
             tr ',' '\n')
  elif [[ $word == -* ]]; then
    listed=$(usertags "${COMP_WORDS[@]:1:$((1 + ${#group[@]}))}" --help 2>/dev/null | awk '/^  -/ { print $1 }' | tr ',' '\n')
  fi
  mapfile -t COMPREPLY < <(compgen -W "$listed" -- "$word")
  [ ${#COMPREPLY[@]} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- "$word")
}
complete -o filenames -F _usertags usertags
