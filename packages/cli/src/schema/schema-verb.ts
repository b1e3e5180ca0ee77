/** What the verbs of `braidlog schema` share: flags, the registry's shapes, and schemas from files. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Option } from '@commander-js/extra-typings'
import { collect, local, remote, type Context } from '../command.ts'
import { CliError, ExitCode } from '../exit.ts'
import { render, type Result } from '../output.ts'
import { registryApi, subjectPath, type RegistryApi } from '../registry-api.ts'

export interface SchemaReference {
  readonly name: string
  readonly subject: string
  readonly version: number
}

export interface SchemaVersion {
  readonly subject: string
  readonly version: number
  readonly id: number
  readonly guid?: string
  readonly schemaType?: string
  readonly schema: string
  readonly references?: readonly SchemaReference[]
  readonly deleted?: boolean
}

/** A schema as it is sent to the registry. */
export interface SchemaBody {
  readonly schema: string
  readonly schemaType: string
  readonly references?: readonly SchemaReference[]
}

const REGISTRY_FLAG = ['-r, --registry <url>', 'where the registry is (default: $SCHEMA_REGISTRY_URL)'] as const

/** A verb that asks the registry alone. */
export const verb = (name: string, description: string) => local(name, description).option(...REGISTRY_FLAG)

/** A verb that looks into topics as well. */
export const dataVerb = (name: string, description: string) => remote(name, description).option(...REGISTRY_FLAG)

export const apiOf = ({ io, signal }: Context, flags: { readonly registry?: string | undefined }): RegistryApi =>
  registryApi({ url: flags.registry, env: io.env, signal })

export const typeFlag = () =>
  new Option('-t, --type <type>', 'format of the schema; by the name of the file unless given').choices([
    'AVRO',
    'JSON',
    'PROTOBUF',
  ])

export const REFERENCE_FLAG = [
  '--reference <name=subject:version>',
  'a schema that this one refers to; may be repeated',
  collect,
] as const

export interface SchemaFlags {
  readonly type?: string | undefined
  readonly reference?: readonly string[] | undefined
}

export async function schemaBody(file: string, flags: SchemaFlags, context: Context): Promise<SchemaBody> {
  const schema = file === '-' ? await readStdin(context) : readText(resolve(context.io.cwd, file))
  const byName = file.endsWith('.proto') ? 'PROTOBUF' : /\.schema\.json$|\.jsonschema$/.test(file) ? 'JSON' : 'AVRO'
  const references = (flags.reference ?? []).map((text) => {
    const [, name, subject, version] = /^([^=]+)=(.+):(\d+)$/.exec(text) ?? []
    if (name === undefined) throw new CliError(`--reference takes name=subject:version, got '${text}'`)
    return { name, subject: subject!, version: Number(version) }
  })
  return { schema, schemaType: flags.type ?? byName, ...(references.length === 0 ? {} : { references }) }
}

async function readStdin({ io }: Context): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of io.stdin) chunks.push(Buffer.from(chunk as Uint8Array))
  return Buffer.concat(chunks).toString('utf8')
}

export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new CliError(`cannot read ${path}: ${(error as Error).message}`)
  }
}

export const getVersion = async (api: RegistryApi, subject: string, version: string): Promise<SchemaVersion> =>
  await api.send<SchemaVersion>('GET', `${subjectPath(subject)}/versions/${encodeURIComponent(version)}`)

/** Prints a result whose exit code says that something is wrong. @throws CliError */
export async function failWith(
  command: string,
  result: Result,
  { settings, terminal }: Context,
  error: { readonly code: string; readonly message: string },
): Promise<never> {
  await terminal.write(await render(command, result, settings.format, terminal.color))
  throw new CliError(error.message, { exitCode: ExitCode.Failed, code: error.code, reported: true })
}
