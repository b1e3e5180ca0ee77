/** `braidlog explain`: what an error code or name of the protocol means and what to do about it. */
import { ErrorCode, errorFacts, type ErrorName } from '@braidlog/model'
import { local, type Cli } from '../command.ts'
import { CliError } from '../exit.ts'

export function define(cli: Cli) {
  return local('explain', 'what an error code or name means')
    .argument('<error>', 'a code such as 72, or a name such as LISTENER_NOT_FOUND')
    .action((error, flags) =>
      cli.execute('explain', flags, async () => {
        const name = nameOf(error)
        const info = errorFacts(ErrorCode[name])
        return {
          data: { name, code: ErrorCode[name], retriable: info.retriable, message: info.message },
          text: `${name} (${ErrorCode[name]})\n${info.message}\n${
            info.retriable
              ? 'Retriable: the same request may succeed later.'
              : 'Not retriable: the same request fails again.'
          }`,
        }
      }),
    )
}

function nameOf(text: string): ErrorName {
  const names = Object.keys(ErrorCode) as ErrorName[]
  if (/^-?\d+$/.test(text)) {
    const name = names.find((candidate) => ErrorCode[candidate] === Number(text))
    if (name) return name
    throw new CliError(`there is no error code ${text}: they run from -1 to ${Math.max(...Object.values(ErrorCode))}`)
  }
  const wanted = text
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/Exception$/i, '')
    .replace(/_$/, '')
    .toUpperCase()
  const name =
    names.find((candidate) => candidate === wanted || candidate === `${wanted}_EXCEPTION`) ??
    names.find((candidate) => candidate.includes(wanted))
  if (name) return name
  throw new CliError(`there is no error '${text}'`, { hint: 'error names look like UNKNOWN_TOPIC_OR_PARTITION' })
}
