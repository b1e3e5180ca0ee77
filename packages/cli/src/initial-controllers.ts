/**
 * Who the first controllers of a new cluster are, as `storage format` is told: by `--standalone`, `--initial-controllers`,
 * `--no-initial-controllers`, or a configuration that names a static quorum. As with Apache Kafka's `kafka-storage format`.
 */
import { isReservedDirectoryId, type InitialController } from '@braidlog/metadata'
import { parseUuid } from '@braidlog/model'
import { CliError } from './exit.ts'

export interface QuorumFlags {
  readonly standalone?: boolean | undefined
  /** `id@host:port:directory-id`, joined by commas. */
  readonly initialControllers?: string | boolean | undefined
}

/** @returns what `formatStorage` is to be told of the quorum */
export function quorumOfFlags(
  { standalone, initialControllers }: QuorumFlags,
  properties: ReadonlyMap<string, string>,
): { readonly standalone?: InitialController['endpoints']; readonly initialControllers?: InitialController[] } {
  const asked = [standalone === true, typeof initialControllers === 'string', initialControllers === false]
  const count = asked.filter(Boolean).length
  if (count > 1)
    throw new CliError('--standalone, --initial-controllers and --no-initial-controllers exclude each other')
  const isStatic = (properties.get('controller.quorum.voters') ?? '') !== ''
  if (isStatic && count > 0) {
    throw new CliError(
      'controller.quorum.voters makes the quorum static; leave it out for one whose voters can change',
      {
        hint: 'name the controllers in controller.quorum.bootstrap.servers instead',
      },
    )
  }
  const roles = (properties.get('process.roles') ?? 'broker,controller').split(',').map((role) => role.trim())
  const isDynamic = !isStatic && (properties.get('controller.quorum.bootstrap.servers') ?? '') !== ''
  if (count === 0) {
    if (!isDynamic || !roles.includes('controller')) return {}
    throw new CliError(
      'who the first controllers are must be said: the configuration has no controller.quorum.voters',
      {
        hint: '--standalone: this node alone; --initial-controllers: these; --no-initial-controllers: it joins a cluster that runs',
      },
    )
  }
  if (initialControllers === false) return {}
  if (!roles.includes('controller')) throw new CliError('this node is no controller (process.roles)')
  const [name = 'CONTROLLER'] = (properties.get('controller.listener.names') ?? 'CONTROLLER').split(',')
  if (typeof initialControllers === 'string') {
    return {
      initialControllers: initialControllers.split(',').map((text) => parseController(text.trim(), name.trim())),
    }
  }
  return { standalone: [ownEndpoint(name.trim(), properties)] }
}

/** `1@10.0.0.1:9093:JEXY6aqzQY-32P5TStzaFg` */
function parseController(text: string, name: string): InitialController {
  const match = /^(\d+)@(?:\[([^\]]+)\]|([^:@]+)):(\d+):([A-Za-z0-9_-]{22})$/.exec(text)
  const directoryId = match === null ? undefined : parseUuid(match[5]!)
  if (match === null || directoryId === undefined || isReservedDirectoryId(directoryId)) {
    throw new CliError(`an initial controller is written id@host:port:directory-id; got '${text}'`, {
      hint: '`braidlog storage random-uuid` makes a directory id',
    })
  }
  const [, id, v6, host, port] = match
  return {
    nodeId: Number(id),
    directoryId,
    endpoints: [{ name, host: (v6 ?? host)!, port: Number(port) }],
  }
}

/** Where the others reach this controller: as it is advertised, else as it listens. */
function ownEndpoint(name: string, properties: ReadonlyMap<string, string>): InitialController['endpoints'][number] {
  for (const key of ['advertised.listeners', 'listeners']) {
    for (const text of (properties.get(key) ?? '').split(',')) {
      const match = /^([A-Za-z0-9_.-]+):\/\/(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(text.trim())
      if (match === null || match[1]!.toUpperCase() !== name.toUpperCase()) continue
      const host = match[2] ?? match[3]!
      if (host !== '' && host !== '0.0.0.0') return { name, host, port: Number(match[4]) }
    }
  }
  throw new CliError(`--standalone needs a listener ${name} with an address that other nodes can reach`, {
    hint: `such as listeners=…,${name}://10.0.0.1:9093`,
  })
}
