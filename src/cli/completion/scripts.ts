/**
 * What shells run when a word is completed. They ask `tenement __complete`, which prints a candidate and what it is
 * about on each line, or ends with status 9 where names of files belong.
 */

/** The status that means names of files. */
export const FILES_STATUS = 9;

const BASH = `# Completion of tenement for bash. Load it with: source <(tenement completion bash)
_tenement() {
  local line="\${COMP_LINE:0:COMP_POINT}" IFS=$' \\t\\n'
  local -a words found
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  local current="\${words[-1]}" program="\${words[0]/#\\~/$HOME}"
  mapfile -t found < <("$program" __complete "\${words[@]:1}" 2>/dev/null; echo "$?")
  local status="\${found[-1]}"
  unset 'found[-1]'
  COMPREPLY=()
  if [[ $status == ${FILES_STATUS} ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
    return
  fi
  [[ \${#found[@]} == 0 ]] && return
  COMPREPLY=("\${found[@]%%$'\\t'*}")
  # Bash takes what follows a colon for a word of its own.
  if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
    local prefix="\${current%"\${current##*:}"}"
    COMPREPLY=("\${COMPREPLY[@]#"$prefix"}")
  fi
}
complete -F _tenement tenement ten
`;

const ZSH = `#compdef tenement ten
# Completion of tenement for zsh. Load it with: source <(tenement completion zsh)
_tenement() {
  local output line value about
  local -a values
  output="$("\${(Q)words[1]}" __complete "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)"
  if (( $? == ${FILES_STATUS} )); then
    _files
    return
  fi
  for line in "\${(@f)output}"; do
    [[ -z "$line" ]] && continue
    value="\${line%%$'\\t'*}"
    about="\${line#"$value"}"
    about="\${about#$'\\t'}"
    value="\${value//:/\\\\:}"
    values+=("$value\${about:+:$about}")
  done
  (( $#values )) && _describe 'tenement' values
}
if [[ "$funcstack[1]" == _tenement ]]; then
  _tenement "$@"
else
  compdef _tenement tenement ten
fi
`;

const FISH = `# Completion of tenement for fish. Load it with: tenement completion fish | source
function __tenement_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    set -l found ($program __complete $words "$current" 2>/dev/null)
    if test $status -eq ${FILES_STATUS}
        __fish_complete_path "$current"
        return
    end
    test (count $found) -gt 0; and printf '%s\\n' $found
end
complete -c tenement -f -a '(__tenement_complete)'
complete -c ten -f -a '(__tenement_complete)'
`;

export const SCRIPTS = { bash: BASH, zsh: ZSH, fish: FISH } as const;
export type Shell = keyof typeof SCRIPTS;
