/** `braidlog schema codegen`: TypeScript types and serdes from schema files, or from a registry. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { Option } from '@commander-js/extra-typings'
import type { CodegenSchema, GeneratedFile } from '@braidlog/schema-registry/codegen'
import { collect, local, type Cli, type Context } from '../command.ts'
import { CliError, ExitCode } from '../exit.ts'
import type { Result } from '../output.ts'
import { registryUrl } from '../registry-api.ts'

export function codegen(cli: Cli) {
  return local('codegen', 'TypeScript types and serdes from schemas')
    .argument(
      '[files...]',
      'schema files; .proto, .schema.json, and Avro else; those given together may refer to each other',
    )
    .option(
      '-s, --subject <subject[:version]>',
      'the newest version of a subject, or the given one; may be repeated',
      collect,
    )
    .option('-r, --registry <url>', 'where the registry is (default: $SCHEMA_REGISTRY_URL)')
    .option('-d, --out <directory>', 'where the .ts files go; a single one is printed unless given')
    .option('--check', 'write nothing; fail when a file is not what would be written')
    .addOption(
      new Option('--long <type>', '64-bit integers are bigint, or numbers that are checked').choices([
        'bigint',
        'number',
      ]),
    )
    .action((files, flags) =>
      cli.execute('schema codegen', flags, async (context) => {
        const { generate } = await import('@braidlog/schema-registry/codegen')
        const schemas = [
          ...fromFiles(files, context),
          ...(await fromRegistry(flags.subject ?? [], flags.registry, context)),
        ]
        if (schemas.length === 0) throw new CliError('nothing to generate from: give files, or --subject')
        const long = flags.long as 'bigint' | 'number' | undefined
        const generated = schemas.map((schema) =>
          orCliError(() => generate(withNeeded(schema, generate), long === undefined ? {} : { long })),
        )
        return output(generated, flags, context)
      }),
    )
}

interface Source extends CodegenSchema {
  /** Of files: the others of the same format, by each name they may be referred to. */
  readonly others?: () => CodegenSchema['references']
}

function fromFiles(files: readonly string[], { io }: Context): Source[] {
  const read = files.map((file) => {
    const path = resolve(io.cwd, file)
    const name = basename(file)
    const schemaType = name.endsWith('.proto')
      ? 'PROTOBUF'
      : /\.schema\.json$|\.jsonschema$/.test(name)
        ? 'JSON'
        : 'AVRO'
    return { path, file, name, schemaType, schema: readText(path) } as const
  })
  return read.map((source) => ({
    name: source.name.replace(/(?:\.schema)?\.\w+$/, ''),
    origin: source.name,
    schemaType: source.schemaType,
    schema: source.schema,
    others: () =>
      read
        .filter((other) => other !== source && other.schemaType === source.schemaType)
        .flatMap((other) => {
          const names = namesOf(other)
          const found = names.find((each) => source.schema.includes(each))
          // Avro's short names mean full ones.
          const name = found !== undefined && source.schemaType === 'AVRO' ? names[0] : found
          return name === undefined ? [] : [{ name, subject: name, version: -1, schema: other.schema }]
        }),
  }))
}

/** What a file may be referred to by: its path or any end of it, an Avro schema by the full name of its type. */
function namesOf({
  file,
  schemaType,
  schema,
}: {
  readonly file: string
  readonly schemaType: string
  readonly schema: string
}): string[] {
  if (schemaType === 'AVRO') {
    const [, name] = /"name"\s*:\s*"([^"]+)"/.exec(schema) ?? []
    const [, namespace] = /"namespace"\s*:\s*"([^"]+)"/.exec(schema) ?? []
    if (name === undefined) return []
    return namespace === undefined || name.includes('.') ? [name] : [`${namespace}.${name}`, name]
  }
  const parts = file.split(/[\\/]/)
  return parts.map((_, i) => parts.slice(i).join('/')).filter((each) => each !== '' && !each.startsWith('.'))
}

/** The others come along only where the schema cannot do without: what it contains itself would be there twice. */
function withNeeded(schema: Source, generate: (schema: CodegenSchema) => GeneratedFile): CodegenSchema {
  const others = schema.others?.() ?? []
  if (others.length === 0) return schema
  try {
    generate(schema)
    return schema
  } catch {
    return { ...schema, references: others }
  }
}

async function fromRegistry(
  subjects: readonly string[],
  url: string | undefined,
  { io, signal }: Context,
): Promise<Source[]> {
  if (subjects.length === 0) return []
  const { RegistryClient } = await import('@braidlog/schema-registry/serdes')
  const client = new RegistryClient({ urls: registryUrl({ url, env: io.env }), retry: { rounds: 1 } })
  return await Promise.all(
    subjects.map(async (text) => {
      const [, subject = text, version] = /^(.+):(\d+)$/.exec(text) ?? []
      try {
        const found = await (version === undefined
          ? client.latest(subject, { signal })
          : client.version(subject, Number(version), { signal }))
        const { schemaType, schema, references } = found
        return {
          name: subject,
          origin: `subject ${subject}, version ${found.version ?? version ?? '?'}`,
          schemaType,
          schema,
          references,
        }
      } catch (error) {
        if (signal.aborted) throw error
        const { retriable, registryCode, message } = error as {
          retriable?: boolean
          registryCode?: number
          message: string
        }
        throw new CliError(message, {
          exitCode: retriable === true ? ExitCode.NoConnection : ExitCode.Failed,
          code: registryCode === undefined ? 'CONNECTION_FAILED' : `REGISTRY_${registryCode}`,
        })
      }
    }),
  )
}

function orCliError<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof Error && 'code' in error)
      throw new CliError(error.message, { exitCode: ExitCode.Failed, code: 'INVALID_SCHEMA' })
    throw error
  }
}

function output(
  generated: readonly GeneratedFile[],
  flags: { readonly out?: string | undefined; readonly check?: true | undefined },
  { io }: Context,
): Result {
  if (flags.out === undefined) {
    const [only, ...more] = generated
    if (more.length > 0 || flags.check === true) throw new CliError('several files need a directory: --out')
    return { data: only, text: only!.text.trimEnd() }
  }
  const folder = resolve(io.cwd, flags.out)
  const paths = generated.map(({ path }) => path)
  const twice = paths.find((path, i) => paths.indexOf(path) !== i)
  if (twice !== undefined) throw new CliError(`two schemas would be written to ${twice}; rename a file`)
  const changed = generated.filter(({ path, text }) => text !== existing(join(folder, path)))
  if (flags.check === true && changed.length > 0) {
    const names = changed.map(({ path }) => path).join(', ')
    throw new CliError(`out of date: ${names}; run it without --check`, {
      exitCode: ExitCode.Failed,
      code: 'OUT_OF_DATE',
    })
  }
  if (changed.length > 0) mkdirSync(folder, { recursive: true })
  for (const { path, text } of changed) writeFileSync(join(folder, path), text)
  const isNew = (path: string): boolean => changed.some((each) => each.path === path)
  return {
    data: paths.map((path) => ({ path, written: isNew(path) })),
    text: paths.map((path) => `${isNew(path) ? 'written' : 'as it was'}: ${join(flags.out!, path)}`).join('\n'),
  }
}

function existing(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new CliError(`cannot read ${path}: ${(error as Error).message}`)
  }
}
