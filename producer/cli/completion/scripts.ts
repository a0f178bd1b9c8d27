/**
 * The script that a shell evaluates to complete `fleet`. It calls the CLI itself, so it does not change with
 * the commands. `launcher` is the bin's path, because `fleet` may only be an alias.
 *
 * Considered: @bomb.sh/tab 0.0.22 has no asynchronous handlers (ids of a running fleet) and no file
 * completion; omelette 0.4.17 has no descriptions and lets bash expand words that a server sent.
 */

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** The hidden command that the scripts run; the words of the line follow `--`. */
export const completeCommand = "__complete";

/** Printed instead of words: complete local files. No word starts with a colon. */
export const filesMarker = ":files";

export function completionScript(shell: Shell, launcher: string): string {
  switch (shell) {
    case "bash":
      return bash(quoteShell(launcher));
    case "zsh":
      return zsh(quoteShell(launcher));
    case "fish":
      return fish(`'${launcher.replace(/['\\]/g, "\\$&")}'`);
  }
}

const quoteShell = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * Bash also splits words at ":" and "=", as in URLs, so they are joined again. For bash 3.2, which macOS
 * has, without compopt and mapfile.
 */
const bash = (launcher: string): string => `# In ~/.bashrc: eval "$(fleet completion bash)"
_fleet() {
  local -a words=()
  local line word glued=
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if [[ \${#words[@]} -gt 0 && ( -n $glued || $word == [:=]* ) ]]; then
      words[\${#words[@]}-1]+=$word
    else
      words+=("$word")
    fi
    case $word in *[:=]) glued=1 ;; *) glued= ;; esac
  done
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == ${filesMarker} ]]; then
      if type compopt >/dev/null 2>&1; then
        compopt -o default
      else
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$word")
      fi
      return
    fi
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <(${launcher} ${completeCommand} -- "\${words[@]}" 2>/dev/null)
}
complete -F _fleet fleet fleet.mjs
`;

/** A word without a description is offered without a colon: zsh would show a dash after it. */
const zsh = (launcher: string): string => `#compdef fleet fleet.mjs
# In ~/.zshrc: eval "$(fleet completion zsh)"
_fleet() {
  local -a offered
  local line word about tab=$'\\t'
  while IFS= read -r line; do
    if [[ $line == ${filesMarker} ]]; then
      _files
      return
    fi
    word=\${\${line%%$tab*}//:/\\\\:}
    about=\${line#*$tab}
    offered+=("$word\${about:+:$about}")
  done < <(${launcher} ${completeCommand} -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)
  (( $#offered )) && _describe -V fleet offered
}
if [[ $funcstack[1] == _fleet ]]; then
  _fleet "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i }
  compdef _fleet fleet fleet.mjs
fi
`;

const fish = (
  launcher: string,
): string => `# In ~/.config/fish/config.fish: fleet completion fish | source
function __fleet_complete
    set -l words (commandline -opc)
    set -e words[1]
    set -l word (commandline -ct)
    for line in (${launcher} ${completeCommand} -- $words "$word" 2>/dev/null)
        if test "$line" = ${filesMarker}
            # The raw word with its quotes: fish parses it again.
            complete -C "'' $word"
        else
            printf '%s\\n' $line
        end
    end
end
complete -c fleet -f -k -a '(__fleet_complete)'
complete -c fleet.mjs -f -k -a '(__fleet_complete)'
`;
