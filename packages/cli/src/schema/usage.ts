/**
 * `braidlog schema usage` and `unused`, and the question that a permanent delete asks first: which schemas do retained
 * records still name?
 *
 * The index is kept in a file of the user's, one for each cluster, so that only what is new has to be read.
 */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { SchemaUseByGroups, UsageIndex } from '@braidlog/schema-registry/usage'
import { collect, type Cli, type Context } from '../command.ts'
import { CliError, ExitCode } from '../exit.ts'
import { subjectPath, type RegistryApi } from '../registry-api.ts'
import { apiOf, dataVerb, type SchemaVersion } from './schema-verb.ts'

export interface UsageFlags {
  readonly cache?: string | undefined
  readonly rebuild?: true | undefined
  readonly exclude?: readonly string[] | undefined
}

const CACHE_FLAG = ['--cache <directory>', 'where the index is kept (default: ~/.cache/braidlog/schema-usage)'] as const
const REBUILD_FLAG = ['--rebuild', 'read the topics from their beginning, whatever the index says'] as const
const EXCLUDE_FLAG = ['--exclude <topic>', 'a topic whose records name no schemas; may be repeated', collect] as const
const SCHEMAS_TOPIC = '_schemas'

export function usage(cli: Cli) {
  return dataVerb('usage', 'where retained records name a schema, and who has yet to read them')
    .argument('<subject-or-id>', 'a subject, with all of its versions, or an id')
    .option(...CACHE_FLAG)
    .option(...REBUILD_FLAG)
    .option(...EXCLUDE_FLAG)
    .action((name, flags) =>
      cli.execute('schema usage', flags, async (context) => {
        const api = apiOf(context, flags)
        const versions = /^\d+$/.test(name) ? [await byId(api, Number(name))] : await versionsOf(api, name)
        const uses = await usesOf(versions, context, flags)
        return {
          data: uses,
          ...(uses.length === 0 ? { text: `no retained record names ${name}` } : {}),
          table: {
            columns: [
              { title: 'schema' },
              { title: 'topic' },
              { title: 'partition', align: 'right' },
              { title: 'field' },
              { title: 'first', align: 'right' },
              { title: 'last', align: 'right' },
              { title: 'groups' },
            ],
            rows: uses.map((each) => [
              each.schema,
              each.topic,
              each.partition,
              each.field,
              each.firstOffset,
              each.lastOffset,
              each.groups.join(','),
            ]),
          },
        }
      }),
    )
}

export function unused(cli: Cli) {
  return dataVerb('unused', 'schemas that no retained record names')
    .argument('[prefix]', 'only subjects that begin with it')
    .option(...CACHE_FLAG)
    .option(...REBUILD_FLAG)
    .option(...EXCLUDE_FLAG)
    .action((prefix, flags) =>
      cli.execute('schema unused', flags, async (context) => {
        const api = apiOf(context, flags)
        const all = await api.send<SchemaVersion[]>('GET', '/schemas?deleted=true')
        const index = await upToDate(context, flags)
        assertWhole(index)
        const data = unusedOf(all, index).filter(({ subject }) => subject.startsWith(prefix ?? ''))
        return {
          data,
          ...(data.length === 0 ? { text: 'every schema is named by some retained record' } : {}),
          table: {
            columns: [
              { title: 'subject' },
              { title: 'version', align: 'right' },
              { title: 'id', align: 'right' },
              { title: 'latest' },
              { title: 'deleted' },
            ],
            rows: data.map((each) => [each.subject, each.version, each.id, each.latest, each.deleted]),
          },
        }
      }),
    )
}

/** Asked before versions are deleted for good. @throws CliError when a record would lose its schema */
export async function assertUnused(
  versions: readonly SchemaVersion[],
  api: RegistryApi,
  context: Context,
): Promise<void> {
  const lost: SchemaVersion[] = []
  for (const version of versions) {
    const holders = await api.send<{ subject: string; version: number }[]>(
      'GET',
      `/schemas/ids/${version.id}/versions?deleted=true`,
    )
    const stays = holders.some(
      (holder) => !versions.some((each) => each.subject === holder.subject && each.version === holder.version),
    )
    if (!stays) lost.push(version)
  }
  if (lost.length === 0) return
  const [use, ...more] = await usesOf(lost, context, {})
  if (use === undefined) return
  const others = more.length === 0 ? '' : ` and ${more.length} more places`
  throw new CliError(
    `records of ${use.topic}-${use.partition}, offsets ${use.firstOffset} to ${use.lastOffset}, name schema ${use.schema}${others}`,
    {
      exitCode: ExitCode.Failed,
      code: 'SCHEMA_IN_USE',
      hint: '`braidlog schema usage` shows all of them; --force deletes it all the same',
    },
  )
}

async function usesOf(
  versions: readonly SchemaVersion[],
  context: Context,
  flags: UsageFlags,
): Promise<SchemaUseByGroups[]> {
  const index = await upToDate(context, flags)
  const { withGroups } = await import('@braidlog/schema-registry/usage')
  const names = new Set(versions.flatMap(namesOf))
  const uses = index.uses().filter(({ schema }) => names.has(schema))
  // A use that is known is one, whatever else is not.
  if (uses.length === 0) assertWhole(index)
  return await withGroups(await context.kafka(), uses, context.call)
}

function namesOf({ id, guid }: SchemaVersion): string[] {
  return [`id ${id}`, ...(guid === undefined ? [] : [`guid ${guid.toLowerCase()}`])]
}

interface UnusedVersion {
  readonly subject: string
  readonly version: number
  readonly id: number
  /** The newest of its subject: somebody may be about to use it. */
  readonly latest: boolean
  readonly deleted: boolean
}

function unusedOf(all: readonly SchemaVersion[], index: UsageIndex): UnusedVersion[] {
  const named = new Set<string>(index.uses().map(({ schema }) => schema))
  const place = (subject: string, version: number): string => JSON.stringify([subject, version])
  const byPlace = new Map(all.map((each) => [place(each.subject, each.version), each]))
  const used = new Set<SchemaVersion>()
  // What a used schema refers to is used as well.
  const use = (version: SchemaVersion | undefined): void => {
    if (version === undefined || used.has(version)) return
    used.add(version)
    for (const { subject, version: number } of version.references ?? []) use(byPlace.get(place(subject, number)))
  }
  for (const each of all) if (namesOf(each).some((name) => named.has(name))) use(each)
  const latest = new Map<string, number>()
  for (const { subject, version } of all) latest.set(subject, Math.max(version, latest.get(subject) ?? 0))
  return all
    .filter((each) => !used.has(each))
    .map(({ subject, version, id, deleted = false }) => ({
      subject,
      version,
      id,
      latest: latest.get(subject) === version,
      deleted,
    }))
}

/** The index of the cluster, with everything in it that has been written until now. */
async function upToDate(context: Context, flags: UsageFlags): Promise<UsageIndex> {
  const { loadUsage, saveUsage, updateUsage, usageFile, UsageIndex } = await import('@braidlog/schema-registry/usage')
  const { io, signal, call, terminal } = context
  const kafka = await context.kafka()
  const { clusterId } = await kafka.admin().describeCluster(call)
  const cache = io.env['XDG_CACHE_HOME'] ?? join(io.env['HOME'] ?? homedir(), '.cache')
  const directory = flags.cache === undefined ? join(cache, 'braidlog', 'schema-usage') : resolve(io.cwd, flags.cache)
  const file = usageFile(directory, clusterId)
  const index = flags.rebuild === true ? new UsageIndex() : await loadUsage(file)
  const exclude = new Set([SCHEMAS_TOPIC, ...(flags.exclude ?? [])])
  let progress: ReturnType<typeof terminal.progress> | undefined
  try {
    await updateUsage({
      kafka,
      index,
      exclude,
      ...call,
      onProgress: (read, left) => {
        progress ??= terminal.progress({ unit: 'records', total: read + left })
        progress.update(read)
      },
    })
  } finally {
    progress?.end()
    // What has been read need not be read again, also after Ctrl-C.
    await saveUsage(file, index)
  }
  signal.throwIfAborted()
  return index
}

/** Not to know is not the same as unused. @throws CliError */
function assertWhole(index: UsageIndex): void {
  const topics = index.overflowedTopics()
  if (topics.length === 0) return
  throw new CliError(`${topics.join(', ')}: too many different schemas are named there to be counted`, {
    exitCode: ExitCode.Failed,
    code: 'USAGE_UNKNOWN',
    hint: `if its records only look framed, leave it out: --exclude ${topics[0]}`,
  })
}

async function versionsOf(api: RegistryApi, subject: string): Promise<SchemaVersion[]> {
  const numbers = await api.send<number[]>('GET', `${subjectPath(subject)}/versions?deleted=true`)
  return await Promise.all(
    numbers.map((version) =>
      api.send<SchemaVersion>('GET', `${subjectPath(subject)}/versions/${version}?deleted=true`),
    ),
  )
}

async function byId(api: RegistryApi, id: number): Promise<SchemaVersion> {
  return { ...(await api.send<SchemaVersion>('GET', `/schemas/ids/${id}`)), id }
}

/** What a delete of a version, or of a whole subject, would take away. */
export async function goingVersions(
  api: RegistryApi,
  subject: string,
  version: string | undefined,
): Promise<SchemaVersion[]> {
  if (version === undefined) return await versionsOf(api, subject)
  return [await api.send<SchemaVersion>('GET', `${subjectPath(subject)}/versions/${version}?deleted=true`)]
}
