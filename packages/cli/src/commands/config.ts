/** `braidlog config`: configurations of topics, brokers and groups, and what this program itself goes by. */
import { Command } from '@commander-js/extra-typings'
import type { ConfigChange, ConfigEntry, ConfigResource, ConfigResourceType } from '@braidlog/client'
import { collect, remote, type Cli } from '../command.ts'
import { CliError } from '../exit.ts'
import { parseConfigs } from '../values.ts'

export function define(cli: Cli) {
  return new Command('config')
    .description('read and change configurations')
    .addCommand(get(cli))
    .addCommand(set(cli))
    .addCommand(list(cli))
    .addCommand(show(cli))
}

const RESOURCE_TYPES: Readonly<Record<string, ConfigResourceType>> = {
  topic: 'topic',
  broker: 'broker',
  group: 'group',
  'client-metrics': 'clientMetrics',
}

/** `topic/orders`, `broker/1`, `broker` (the default of all brokers), `group/billing`. */
function parseResource(text: string): ConfigResource {
  const at = text.indexOf('/')
  const kind = at < 0 ? text : text.slice(0, at)
  const type = RESOURCE_TYPES[kind]
  if (!type || (at < 0 && kind !== 'broker')) {
    throw new CliError(`'${text}' is no resource: topic/NAME, broker/ID, broker (all of them), group/NAME`)
  }
  return { type, name: at < 0 ? '' : text.slice(at + 1) }
}

function get(cli: Cli) {
  return remote('get', 'the configuration of a resource')
    .argument('<resource>', 'topic/NAME, broker/ID, broker, group/NAME')
    .argument('[keys...]')
    .option('-a, --all', 'also what it has by default or from the broker')
    .action((resource, keys, flags) =>
      cli.execute('config get', flags, async (context) => {
        const wanted = parseResource(resource)
        const admin = (await context.kafka()).admin()
        const [described] = await admin.describeConfigs([{ ...wanted, ...(keys.length > 0 ? { names: keys } : {}) }], {
          ...context.call,
          includeSynonyms: true,
          includeDocumentation: true,
        })
        // Of a topic or group, what was set on it; what it has from the broker's configuration is that broker's.
        const isOwn = (entry: ConfigEntry): boolean =>
          described!.type === 'topic' || described!.type === 'group'
            ? entry.source === described!.type
            : !entry.isDefault
        const entries = described!.entries.filter((entry) => flags.all === true || keys.length > 0 || isOwn(entry))
        return {
          data: { resource, entries },
          ...(entries.length === 0 ? { text: 'nothing is set on it; --all shows what it goes by' } : {}),
          table: {
            columns: [
              { title: 'key' },
              { title: 'value' },
              { title: 'source' },
              { title: 'type', wide: true },
              { title: 'read only', wide: true },
            ],
            rows: entries.map((entry) => [
              entry.name,
              entry.sensitive ? '(hidden)' : entry.value,
              entry.source,
              entry.type,
              entry.readOnly,
            ]),
          },
        }
      }),
    )
}

function set(cli: Cli) {
  return remote('set', 'change keys of a resource while it runs')
    .argument('<resource>', 'topic/NAME, broker/ID, broker, group/NAME')
    .argument('[key=value...]')
    .option('-d, --delete <key>', 'back to the default; may be repeated', collect)
    .option('--dry-run', 'let the broker check, change nothing')
    .action((resource, pairs, flags) =>
      cli.execute('config set', flags, async (context) => {
        const changed = parseResource(resource)
        const changes: ConfigChange[] = [
          ...Object.entries(parseConfigs(pairs)).map(([name, value]) => ({ name, op: 'set' as const, value })),
          ...(flags.delete ?? []).map((name) => ({ name, op: 'delete' as const })),
        ]
        if (changes.length === 0) throw new CliError('nothing to change: give key=value, or --delete key')
        const admin = (await context.kafka()).admin()
        await admin.incrementalAlterConfigs([{ ...changed, changes }], {
          ...context.call,
          validateOnly: flags.dryRun === true,
        })
        const outcome = flags.dryRun === true ? 'would be changed' : 'changed'
        return {
          data: { resource, changes, outcome },
          table: {
            columns: [{ title: 'key' }, { title: 'change' }, { title: 'value' }, { title: 'outcome' }],
            rows: changes.map((change) => [change.name, change.op, change.value as string | undefined, outcome]),
          },
        }
      }),
    )
}

function list(cli: Cli) {
  return remote('list', 'resources that have a configuration of their own').action((flags) =>
    cli.execute('config list', flags, async (context) => {
      const data = await (await context.kafka()).admin().listConfigResources(undefined, context.call)
      return {
        data,
        table: { columns: [{ title: 'type' }, { title: 'name' }], rows: data.map(({ type, name }) => [type, name]) },
      }
    }),
  )
}

function show(cli: Cli) {
  return remote('show', 'where this program would connect, and why').action((flags) =>
    cli.execute('config show', flags, async ({ settings }) => {
      const rows = [['bootstrap.servers', settings.bootstrapServers] as const, ...settings.properties].map(
        ([key, { value, source }]) => ({ key, value: /password|secret|jaas/i.test(key) ? '(hidden)' : value, source }),
      )
      return {
        data: rows,
        table: {
          columns: [{ title: 'key' }, { title: 'value' }, { title: 'source' }],
          rows: rows.map(({ key, value, source }) => [key, value, source]),
        },
      }
    }),
  )
}
