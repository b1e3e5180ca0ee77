/** `braidlog schema check`: could a schema be registered, and would it read the records that are there? */
import { parseCount, type Cli, type Context } from '../command.ts'
import { CliError, ExitCode } from '../exit.ts'
import type { Result } from '../output.ts'
import { subjectPath, type RegistryApi } from '../registry-api.ts'
import { checkAgainstData, topicOf, type DataCheck } from './against-data.ts'
import { parsedSchema } from './parse.ts'
import { apiOf, dataVerb, failWith, REFERENCE_FLAG, schemaBody, typeFlag, type SchemaBody } from './schema-verb.ts'

interface Verdict {
  readonly is_compatible: boolean
  readonly messages?: readonly string[]
  /** Only of a registry that explains. */
  readonly incompatibilities?: readonly {
    readonly type: string
    readonly path: string
    readonly description: string
    readonly counterExample?: { readonly document: string; readonly acceptedBy: string }
    readonly fix?: string
  }[]
}

export function check(cli: Cli) {
  return dataVerb('check', 'whether a schema could be registered, and if not, why')
    .argument('<subject>')
    .argument('<file>', 'the schema; - reads it from stdin')
    .addOption(typeFlag())
    .option(...REFERENCE_FLAG)
    .option('--normalize', 'compare it in its normal form')
    .option('--against <version>', 'one version, instead of what the level asks for')
    .option('--against-data <count>', 'read the newest records of the topic with it, instead', parseCount)
    .option('--topic <topic>', 'with --against-data: the topic (default: by the name of the subject)')
    .action((subject, file, flags) =>
      cli.execute('schema check', flags, async (context) => {
        const body = await schemaBody(file, flags, context)
        const api = apiOf(context, flags)
        if (flags.againstData !== undefined) {
          const place = topicOf(subject, flags.topic)
          const schema = await parsedSchema(api, body)
          const kafka = await context.kafka()
          const found = await checkAgainstData({ ...place, kafka, api, context, schema, count: flags.againstData })
          const result = dataResult(found)
          if (found.breakingCount === 0) return result
          const { checked, breakingCount, topic } = found
          return await failWith('schema check', result, context, {
            code: 'BREAKING_RECORDS',
            message: `${breakingCount} of ${checked} records of ${topic} cannot be read with this schema`,
          })
        }
        return await verdict(api, context, {
          subject,
          body,
          version: flags.against,
          normalize: flags.normalize === true,
        })
      }),
    )
}

function dataResult(found: DataCheck): Result {
  const { topic, checked, unknown, breaking, breakingCount } = found
  const others = unknown === 0 ? '' : `; ${unknown} name no schema that is known`
  if (breakingCount === 0) return { data: found, text: `${checked} records of ${topic} can be read${others}` }
  return {
    data: found,
    table: {
      columns: [
        { title: 'partition', align: 'right' },
        { title: 'offset', align: 'right' },
        { title: 'schema' },
        { title: 'path' },
        { title: 'reason' },
      ],
      rows: breaking.map((each) => [each.partition, String(each.offset), each.schema, each.path, each.reason]),
    },
  }
}

interface VerdictRequest {
  readonly subject: string
  readonly body: SchemaBody
  readonly version: string | undefined
  readonly normalize: boolean
}

async function verdict(
  api: RegistryApi,
  context: Context,
  { subject, body, version, normalize }: VerdictRequest,
): Promise<Result> {
  const path = `/compatibility${subjectPath(subject)}/versions${version === undefined ? '' : `/${version}`}`
  const query = `?verbose=true&explain=true${normalize ? '&normalize=true' : ''}`
  const data = await api.send<Verdict>('POST', path + query, body)
  if (data.is_compatible) {
    if (version === undefined)
      context.terminal.note('--against-data 1000 would read the records that are there with it.')
    return { data, text: 'compatible' }
  }
  const lines = data.incompatibilities?.flatMap(({ type, path: at, description, counterExample, fix }) => [
    `${type} at ${at}: ${description}`,
    ...(counterExample === undefined
      ? []
      : [`  for example: ${counterExample.document} (${counterExample.acceptedBy} accepts it, the other does not)`]),
    ...(fix === undefined ? [] : [`  to mend it: ${fix}`]),
  ])
  const message = ['incompatible', ...(lines ?? data.messages ?? [])].join('\n')
  const code = 'INCOMPATIBLE_SCHEMA'
  // A program reads the verdict itself; a person reads it as the error that it is.
  if (/^(?:json|yaml)/.test(context.settings.format))
    return await failWith('schema check', { data }, context, { code, message })
  throw new CliError(message, { exitCode: ExitCode.Failed, code })
}
