/** `braidlog schema`: schemas in a registry. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from '@commander-js/extra-typings'
import { collect, local, type Cli, type Context } from '../command.ts'
import { CliError, ExitCode } from '../exit.ts'
import type { Result } from '../output.ts'
import { registryApi, subjectPath, type RegistryApi } from '../registry-api.ts'
import { codegen } from './schema-codegen.ts'

export function define(cli: Cli) {
  return new Command('schema')
    .description('register, read, check and delete schemas')
    .addCommand(list(cli))
    .addCommand(get(cli))
    .addCommand(create(cli))
    .addCommand(check(cli))
    .addCommand(diff(cli))
    .addCommand(remove(cli))
    .addCommand(references(cli))
    .addCommand(mode(cli))
    .addCommand(compatibility(cli))
    .addCommand(codegen(cli))
}

interface SchemaVersion {
  readonly subject: string
  readonly version: number
  readonly id: number
  readonly schemaType?: string
  readonly schema: string
  readonly references?: readonly { readonly name: string; readonly subject: string; readonly version: number }[]
  readonly deleted?: boolean
}

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

const verb = (name: string, description: string) =>
  local(name, description).option('-r, --registry <url>', 'where the registry is (default: $SCHEMA_REGISTRY_URL)')

const apiOf = ({ io, signal }: Context, flags: { readonly registry?: string | undefined }): RegistryApi =>
  registryApi({ url: flags.registry, env: io.env, signal })

function list(cli: Cli) {
  return verb('list', 'newest version of every subject')
    .alias('ls')
    .argument('[prefix]', 'only subjects that begin with it')
    .option('-a, --all', 'every version, soft-deleted ones too')
    .action((prefix, flags) =>
      cli.execute('schema list', flags, async (context) => {
        const query = new URLSearchParams({
          ...(prefix === undefined ? {} : { subjectPrefix: prefix }),
          ...(flags.all === true ? { deleted: 'true' } : { latestOnly: 'true' }),
        })
        const data = await apiOf(context, flags).send<SchemaVersion[]>('GET', `/schemas?${query.toString()}`)
        return {
          data,
          table: {
            columns: [
              { title: 'subject' },
              { title: 'version', align: 'right' },
              { title: 'id', align: 'right' },
              { title: 'type' },
              { title: 'deleted', wide: flags.all !== true },
            ],
            rows: data.map((each) => [
              each.subject,
              each.version,
              each.id,
              each.schemaType ?? 'AVRO',
              each.deleted === true,
            ]),
          },
        }
      }),
    )
}

function get(cli: Cli) {
  return verb('get', 'a schema, by subject and version or by id')
    .argument('<subject-or-id>', 'a subject, or an id with --id')
    .argument('[version]', 'a number, or latest', 'latest')
    .option('--id', 'the first argument is an id')
    .option('-f, --format <format>', 'another rendering: resolved, serialized, ignore_extensions, no_meta')
    .action((name, version, flags) =>
      cli.execute('schema get', flags, async (context) => {
        const format = flags.format === undefined ? '' : `?format=${encodeURIComponent(flags.format)}`
        const path =
          flags.id === true
            ? `/schemas/ids/${encodeURIComponent(name)}`
            : `${subjectPath(name)}/versions/${encodeURIComponent(version)}`
        const data = await apiOf(context, flags).send<SchemaVersion>('GET', path + format)
        return { data, text: readable(data.schema) }
      }),
    )
}

/** JSON with its lines broken, as a person reads it; anything else as it is. */
function readable(schema: string): string {
  try {
    return JSON.stringify(JSON.parse(schema) as unknown, null, 2)
  } catch {
    return schema.trimEnd()
  }
}

const withSchema = (name: string, description: string) =>
  verb(name, description)
    .argument('<subject>')
    .argument('<file>', 'the schema; - reads it from stdin')
    .option('-t, --type <type>', 'AVRO, JSON or PROTOBUF; by the name of the file unless given')
    .option('--reference <name=subject:version>', 'a schema that this one refers to; may be repeated', collect)
    .option('--normalize', 'compare and store it in its normal form')

interface SchemaFlags {
  readonly type?: string | undefined
  readonly reference?: readonly string[] | undefined
}

async function schemaBody(file: string, flags: SchemaFlags, context: Context): Promise<object> {
  const schema = file === '-' ? await readStdin(context) : readText(resolve(context.io.cwd, file))
  const byName = file.endsWith('.proto') ? 'PROTOBUF' : /\.schema\.json$|\.jsonschema$/.test(file) ? 'JSON' : 'AVRO'
  const referred = (flags.reference ?? []).map((text) => {
    const [, name, subject, version] = /^([^=]+)=(.+):(\d+)$/.exec(text) ?? []
    if (name === undefined) throw new CliError(`--reference takes name=subject:version, got '${text}'`)
    return { name, subject, version: Number(version) }
  })
  const schemaType = flags.type?.toUpperCase() ?? byName
  return { schema, schemaType, ...(referred.length === 0 ? {} : { references: referred }) }
}

async function readStdin({ io }: Context): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of io.stdin) chunks.push(Buffer.from(chunk as Uint8Array))
  return Buffer.concat(chunks).toString('utf8')
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new CliError(`cannot read ${path}: ${(error as Error).message}`)
  }
}

function create(cli: Cli) {
  return withSchema('create', 'register a schema under a subject').action((subject, file, flags) =>
    cli.execute('schema create', flags, async (context) => {
      const body = await schemaBody(file, flags, context)
      const path = `${subjectPath(subject)}/versions${flags.normalize === true ? '?normalize=true' : ''}`
      const data = await apiOf(context, flags).send<SchemaVersion>('POST', path, body)
      return { data, text: `${subject} version ${data.version ?? '?'} has id ${data.id}` }
    }),
  )
}

function check(cli: Cli) {
  return withSchema('check', 'whether a schema could be registered, and if not, why')
    .option('--against <version>', 'one version, instead of what the level asks for')
    .action((subject, file, flags) =>
      cli.execute('schema check', flags, async (context) => {
        const body = await schemaBody(file, flags, context)
        return await verdict(apiOf(context, flags), subject, flags.against, body)
      }),
    )
}

function diff(cli: Cli) {
  return verb('diff', "what keeps one version's readers from the data of another, at the subject's level")
    .argument('<subject>')
    .argument('<from>', 'the version that is there')
    .argument('[to]', 'the version compared with it', 'latest')
    .action((subject, from, to, flags) =>
      cli.execute('schema diff', flags, async (context) => {
        const api = apiOf(context, flags)
        const version = await api.send<SchemaVersion>('GET', `${subjectPath(subject)}/versions/${to}`)
        const { schema, schemaType, references: referred } = version
        return await verdict(api, subject, from, { schema, schemaType, references: referred })
      }),
    )
}

async function verdict(api: RegistryApi, subject: string, version: string | undefined, body: object): Promise<Result> {
  const path = `/compatibility${subjectPath(subject)}/versions${version === undefined ? '' : `/${version}`}`
  const data = await api.send<Verdict>('POST', `${path}?verbose=true&explain=true`, body)
  if (data.is_compatible) return { data, text: 'compatible' }
  const lines = data.incompatibilities?.flatMap(({ type, path: at, description, counterExample, fix }) => [
    `${type} at ${at}: ${description}`,
    ...(counterExample === undefined
      ? []
      : [`  for example: ${counterExample.document} (${counterExample.acceptedBy} accepts it, the other does not)`]),
    ...(fix === undefined ? [] : [`  to mend it: ${fix}`]),
  ])
  // The exit code has to say so as well; programs that read JSON get the verdict in the message.
  throw new CliError(['incompatible', ...(lines ?? data.messages ?? [])].join('\n'), {
    exitCode: ExitCode.Failed,
    code: 'INCOMPATIBLE_SCHEMA',
  })
}

function remove(cli: Cli) {
  return verb('delete', 'delete a subject or a version; softly unless --permanent')
    .alias('rm')
    .argument('<subject>')
    .argument('[version]', 'a number, or latest; the whole subject unless given')
    .option('--permanent', 'for good; it has to be deleted softly before')
    .option('-y, --yes', 'do not ask')
    .action((subject, version, flags) =>
      cli.execute('schema delete', flags, async (context) => {
        const what = version === undefined ? `subject ${subject}` : `version ${version} of ${subject}`
        const how = flags.permanent === true ? 'permanently' : 'softly'
        await context.terminal.confirm(`Delete ${what} ${how}?`, flags.yes === true)
        const path = `${subjectPath(subject)}${version === undefined ? '' : `/versions/${version}`}`
        const query = flags.permanent === true ? '?permanent=true' : ''
        const deleted = await apiOf(context, flags).send<number | number[]>('DELETE', path + query)
        const versions = [deleted].flat()
        return {
          data: { subject, versions, permanent: flags.permanent === true },
          text: `deleted ${versions.join(', ')}`,
        }
      }),
    )
}

function references(cli: Cli) {
  return verb('references', 'what a version refers to, and what refers to it')
    .argument('<subject>')
    .argument('[version]', 'a number, or latest', 'latest')
    .action((subject, version, flags) =>
      cli.execute('schema references', flags, async (context) => {
        const api = apiOf(context, flags)
        const path = `${subjectPath(subject)}/versions/${version}`
        const found = await api.send<SchemaVersion>('GET', path)
        const ids = await api.send<number[]>('GET', `${path}/referencedby`)
        const users = await Promise.all(
          ids.map(async (id) => ({
            id,
            versions: await api.send<{ subject: string; version: number }[]>('GET', `/schemas/ids/${id}/versions`),
          })),
        )
        const to = (found.references ?? []).map((each) => ['refers to', each.name, each.subject, each.version])
        const from = users.flatMap(({ id, versions }) =>
          versions.map((each) => ['is referred to by', `id ${id}`, each.subject, each.version]),
        )
        return {
          data: { subject, version: found.version, references: found.references ?? [], referencedBy: users },
          table: {
            columns: [
              { title: 'relation' },
              { title: 'name' },
              { title: 'subject' },
              { title: 'version', align: 'right' },
            ],
            rows: [...to, ...from],
          },
        }
      }),
    )
}

function mode(cli: Cli) {
  return verb('mode', 'show or set the mode of a subject, or of everything')
    .argument('[subject]')
    .option('--set <mode>', 'READWRITE, READONLY, IMPORT or FORWARD')
    .option('--force', 'IMPORT even though there are schemas')
    .action((subject, flags) =>
      cli.execute('schema mode', flags, async (context) => {
        const api = apiOf(context, flags)
        const path = `/mode${subject === undefined ? '' : `/${encodeURIComponent(subject)}`}`
        const data =
          flags.set === undefined
            ? await api.send<{ mode: string }>('GET', `${path}?defaultToGlobal=true`)
            : await api.send<{ mode: string }>('PUT', `${path}?force=${flags.force === true}`, { mode: flags.set })
        return { data, text: data.mode }
      }),
    )
}

function compatibility(cli: Cli) {
  return verb('compatibility', 'show or set the compatibility level of a subject, or of everything')
    .argument('[subject]')
    .option('--set <level>', 'BACKWARD, FORWARD or FULL, each also with _TRANSITIVE; NONE')
    .option('--reset', 'back to the inherited level')
    .action((subject, flags) =>
      cli.execute('schema compatibility', flags, async (context) => {
        const api = apiOf(context, flags)
        const path = `/config${subject === undefined ? '' : `/${encodeURIComponent(subject)}`}`
        if (flags.reset === true) await api.send('DELETE', path)
        if (flags.set !== undefined) await api.send('PUT', path, { compatibility: flags.set })
        const data = await api.send<{ compatibilityLevel: string }>('GET', `${path}?defaultToGlobal=true`)
        return { data, text: data.compatibilityLevel }
      }),
    )
}
