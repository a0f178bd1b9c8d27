/**
 * What a shell evaluates to complete `fleet`: a few lines that ask the command line itself, so that
 * they need not be written anew when a command changes. `launcher` is the bin's path: the shell may know
 * `fleet` as an alias alone.
 */

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** The hidden command that the scripts ask, with the words of the line behind `--`. */
export const asking = "__complete";

/** Says in place of words that files of this machine are meant. No word begins with a colon. */
export const filesMeant = ":files";

export function completionScript(shell: Shell, launcher: string): string {
  switch (shell) {
    case "bash":
      return bash(quoted(launcher));
    case "zsh":
      return zsh(quoted(launcher));
    case "fish":
      return fish(`'${launcher.replace(/['\\]/g, "\\$&")}'`);
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * Bash parts words at ":" and "=" too, as in addresses, so they are put together again. It is written
 * for bash 3.2, which macOS has: no compopt there, no mapfile.
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
    if [[ $line == ${filesMeant} ]]; then
      if type compopt >/dev/null 2>&1; then
        compopt -o default
      else
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$word")
      fi
      return
    fi
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <(${launcher} ${asking} -- "\${words[@]}" 2>/dev/null)
}
complete -F _fleet fleet fleet.mjs
`;

/** A word without a word on what it is stands alone: zsh would show a dash and nothing behind it. */
const zsh = (launcher: string): string => `#compdef fleet fleet.mjs
# In ~/.zshrc: eval "$(fleet completion zsh)"
_fleet() {
  local -a offered
  local line word about tab=$'\\t'
  while IFS= read -r line; do
    if [[ $line == ${filesMeant} ]]; then
      _files
      return
    fi
    word=\${\${line%%$tab*}//:/\\\\:}
    about=\${line#*$tab}
    offered+=("$word\${about:+:$about}")
  done < <(${launcher} ${asking} -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)
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
    for line in (${launcher} ${asking} -- $words "$word" 2>/dev/null)
        if test "$line" = ${filesMeant}
            # The word as it is written, quotes and all: that is how fish reads it again.
            complete -C "'' $word"
        else
            printf '%s\\n' $line
        end
    end
end
complete -c fleet -f -k -a '(__fleet_complete)'
complete -c fleet.mjs -f -k -a '(__fleet_complete)'
`;
