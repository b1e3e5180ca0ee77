/** `braidlog cluster upgrade`: finalizes newer feature levels, once every node runs a version that has them. */
import type { FeaturesDescription, FeatureUpdate } from '@braidlog/client'
import { collect, remote, type Cli } from '../command.ts'
import { CliError } from '../exit.ts'

export function defineUpgrade(cli: Cli) {
  return remote('upgrade', 'finalize newer feature levels: the last step after all nodes run a new version')
    .option(
      '--to <version>',
      'metadata.version, such as 4.3-IV0 or 4.3, with the features that go with it; the latest unless given',
    )
    .option('-f, --feature <name=level>', 'only this feature; may be repeated', collect)
    .option('--downgrade', 'levels may also go down, where no metadata is lost')
    .option('--dry-run', 'only whether the cluster would accept it')
    .option('-y, --yes', 'do not ask')
    .action((flags) =>
      cli.execute('cluster upgrade', flags, async (context) => {
        const admin = (await context.kafka()).admin()
        const now = await admin.describeFeatures(context.call)
        const wanted = flags.feature === undefined ? await levelsOf(flags.to, now) : parseFeatures(flags.feature)
        const changes = changesOf(wanted, now, flags.downgrade === true)
        const isStatic = changes.every(({ name }) => name !== KRAFT_VERSION) && levelOf(now, KRAFT_VERSION) === 0
        if (isStatic) context.terminal.note(STATIC_NOTE)
        if (changes.length === 0) return { data: { changes }, text: 'Every feature is there already.' }
        const table = {
          columns: [
            { title: 'feature' },
            { title: 'from', align: 'right' as const },
            { title: 'to', align: 'right' as const },
          ],
          rows: changes.map(({ name, from, level }) => [name, from, level]),
        }
        const updates: FeatureUpdate[] = changes.map(({ name, from, level }) => ({
          name,
          level,
          kind: level < (from ?? 0) ? 'safe-downgrade' : 'upgrade',
        }))
        // Whether it would be accepted comes before the question.
        await admin.updateFeatures(updates, { ...context.call, validateOnly: true })
        if (flags.dryRun === true)
          return { data: { changes, dryRun: true }, before: 'The cluster would accept:\n', table }
        await context.terminal.confirm(
          `Change ${changes.length} features? Nodes of an older version cannot join the cluster afterwards.`,
          flags.yes === true,
        )
        await admin.updateFeatures(updates, context.call)
        return { data: { changes, dryRun: false }, table }
      }),
    )
}

interface Change {
  readonly name: string
  readonly from: number | null
  readonly level: number
}

const METADATA_VERSION = 'metadata.version'
const KRAFT_VERSION = 'kraft.version'
/** Not part of the rest: it is never lowered again, and needs every voter. */
const STATIC_NOTE =
  'The voters of the quorum are static; `braidlog cluster upgrade --feature kraft.version=1` lets them be changed, for good.'

/** 0 also where a feature is not finalized; -1: the cluster does not know it. */
function levelOf({ features }: FeaturesDescription, feature: string): number {
  const known = features.find(({ name }) => name === feature)
  return known === undefined ? -1 : (known.finalized ?? 0)
}

/** Without `--downgrade` what is ahead already stays. */
function changesOf(wanted: ReadonlyMap<string, number>, now: FeaturesDescription, mayLower: boolean): Change[] {
  return [...wanted].flatMap(([name, level]) => {
    const known = now.features.find((feature) => feature.name === name)
    if (known === undefined) throw new CliError(`feature ${name} is not known to this cluster`, { hint: HINT })
    const from = known.finalized
    if (level === (from ?? 0) || (level < (from ?? 0) && !mayLower)) return []
    return [{ name, from, level }]
  })
}

const HINT = 'see `braidlog cluster features`'

/** What a new cluster of that version begins with, as far as the nodes of this one support it. */
async function levelsOf(version: string | undefined, { features }: FeaturesDescription): Promise<Map<string, number>> {
  const { defaultFeatureLevels, METADATA_VERSION_LEVELS, parseMetadataVersion } = await import('@braidlog/model')
  const supported = features.find(({ name }) => name === METADATA_VERSION)
  if (supported === undefined) throw new CliError('the cluster does not say which metadata.version it supports')
  const level = version === undefined ? supported.supportedMax : parseMetadataVersion(version)?.level
  if (level === undefined) {
    const known = METADATA_VERSION_LEVELS.map(({ name }) => name).join(', ')
    throw new CliError(`'${version}' is no metadata.version we know; ${known} are`)
  }
  const levels = new Map([[METADATA_VERSION, level]])
  for (const [name, default_] of defaultFeatureLevels(level)) {
    if (features.some((feature) => feature.name === name)) levels.set(name, default_)
  }
  return levels
}

function parseFeatures(pairs: readonly string[]): Map<string, number> {
  return new Map(
    pairs.map((pair) => {
      const match = /^([a-z.]+)=(\d+)$/.exec(pair)
      if (match === null) throw new CliError(`a feature is written name=level, got '${pair}'`)
      return [match[1]!, Number(match[2])] as const
    }),
  )
}
