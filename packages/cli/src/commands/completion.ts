/** `braidlog completion`: scripts for bash, zsh and fish. They ask the hidden `__complete` for candidates. */
import { Command } from '@commander-js/extra-typings'
import type { Cli } from '../command.ts'
import { CliError } from '../exit.ts'

const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_braidlog() {
  local IFS=$'\\n'
  COMPREPLY=($(braidlog __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _braidlog braidlog
`,
  zsh: `#compdef braidlog
_braidlog() {
  local -a lines candidates
  lines=("\${(@f)$(braidlog __complete "\${words[@]:1:$((CURRENT - 1))}" 2>/dev/null)}")
  local line
  for line in $lines; do
    [[ -n $line ]] && candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  _describe 'braidlog' candidates
}
compdef _braidlog braidlog
`,
  fish: `complete -c braidlog -f -a '(braidlog __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
}

export function define(cli: Cli) {
  return new Command('completion')
    .description('shell completion for bash, zsh and fish')
    .argument('<shell>', 'bash, zsh or fish')
    .addHelpText(
      'after',
      '\nbash:  source <(braidlog completion bash)\nzsh:   source <(braidlog completion zsh)\nfish:  braidlog completion fish > ~/.config/fish/completions/braidlog.fish',
    )
    .action((shell) =>
      cli.execute('completion', {}, async ({ terminal }) => {
        const script = SCRIPTS[shell]
        if (script === undefined) throw new CliError(`no completion for '${shell}': bash, zsh or fish`)
        await terminal.write(script)
      }),
    )
}
