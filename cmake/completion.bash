# shellcheck shell=bash
# Completion of simrun's command line in bash: commands, options and their values are what --help lists.

_simrun() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} help commands words="" values
  help=$(command simrun --help 2>/dev/null) || return
  commands=$(sed -n '/^Subcommands:/,/^$/s/^  \([a-z-]*\)  .*/\1/p' <<<"$help")
  if ((COMP_CWORD == 1)); then
    words=$commands
  elif grep -qxF -e "${COMP_WORDS[1]}" <<<"$commands"; then
    help=$(command simrun "${COMP_WORDS[1]}" --help 2>/dev/null)
    words=$(_simrun_values '^  [a-z]' <<<"$help")
  fi
  if [[ $before == -?* ]] && values=$(_simrun_values "^  (-.,)?$before " <<<"$help") && [[ $values ]]; then
    words=$values
  elif [[ $word == -* ]]; then
    words=$(grep -oE '^  -[^ ]+' <<<"$help" | tr ',' '\n')
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

# PATTERN: what stands in braces in lines of a help that begin so.
_simrun_values() { grep -E -e "$1" | sed -n 's/^[^{]*{\([^}]*\)}.*/\1/p' | tr ',' '\n'; }

complete -o bashdefault -o default -F _simrun simrun
