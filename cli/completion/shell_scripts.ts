/** Shells for which there is completion. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * What a shell sources. The words so far are handed over as arguments and what comes back is taken as
 * words, a line each: nothing of either is ever evaluated.
 */
export function completionScript(shell: Shell): string {
  return SCRIPTS[shell];
}

const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# phasesweep's completion for bash: source <(phasesweep completion bash)
_phasesweep() {
  local line word
  COMPREPLY=()
  while IFS= read -r line; do
    word=\${line%%$'\\t'*}
    # Folders are typed on, and so are options that want a value.
    [[ $word == */ ]] && compopt -o nospace 2>/dev/null
    COMPREPLY+=("$(printf '%q' "$word")")
  done < <(phasesweep complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _phasesweep phasesweep
`,
  zsh: `#compdef phasesweep
# phasesweep's completion for zsh: source <(phasesweep completion zsh), after compinit
_phasesweep() {
  local line word about
  local -a plain folders shown
  while IFS= read -r line; do
    word=\${line%%$'\\t'*}
    about=\${line#*$'\\t'}
    if [[ $word == */ ]]; then
      folders+=("$word")
    else
      plain+=("$word")
      if [[ $about == "$line" ]]; then shown+=("$word"); else shown+=("$word  -- $about"); fi
    fi
  done < <(phasesweep complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#plain} )); then compadd -l -d shown -- "\${plain[@]}"; fi
  if (( \${#folders} )); then compadd -S '' -- "\${folders[@]}"; fi
}
if [[ \${funcstack[1]} == _phasesweep ]]; then
  _phasesweep "$@"
else
  compdef _phasesweep phasesweep
fi
`,
  fish: `# phasesweep's completion for fish: phasesweep completion fish | source
function __phasesweep_complete
  set -l words (commandline -opc) (commandline -ct)
  phasesweep complete -- $words[2..-1] 2>/dev/null
end
complete -c phasesweep -f -a '(__phasesweep_complete)'
`,
};
