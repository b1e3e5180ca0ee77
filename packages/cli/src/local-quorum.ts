/**
 * The controllers of a cluster on this machine: which they were at the last start, and how those of a new one are formatted.
 *
 * A new cluster has a dynamic quorum (kraft.version 1). Its voters stand in the log with their ports, so controllers keep the
 * ports that they had. One whose port is taken gets another, and tells the leader, as long as a majority can still elect one
 * without it. Directories with a static quorum, of an earlier release, go on with it: its voters are named anew at each start.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CliError } from './exit.ts'
import { isFree, LOOPBACK } from './free-port.ts'

export interface ControllerPlace {
  readonly nodeId: number
  readonly port: number
}

export interface EarlierQuorum {
  /** `none`: there is no cluster yet. */
  readonly kind: 'dynamic' | 'none' | 'static'
  readonly controllers: readonly ControllerPlace[]
}

/** @param directory holds `node-N.properties` and `node-N` */
export function earlierQuorum(directory: string): EarlierQuorum {
  const names = existsSync(directory) ? readdirSync(directory) : []
  const nodes = names.flatMap((name) => {
    const nodeId = /^node-(\d+)$/.exec(name)?.[1]
    if (nodeId === undefined || !existsSync(join(directory, name, 'meta.properties'))) return []
    const file = join(directory, `${name}.properties`)
    return [{ nodeId: Number(nodeId), text: existsSync(file) ? readFileSync(file, 'utf8') : '' }]
  })
  if (nodes.length === 0) return { kind: 'none', controllers: [] }
  const controllers = nodes.flatMap(({ nodeId, text }) => {
    const port = new RegExp(`CONTROLLER://${LOOPBACK}:(\\d+)`).exec(lastOf(text, 'listeners'))?.[1]
    return port === undefined ? [] : [{ nodeId, port: Number(port) }]
  })
  const isDynamic = nodes.every(({ text }) => text !== '' && lastOf(text, 'controller.quorum.voters') === '')
  return { kind: isDynamic ? 'dynamic' : 'static', controllers: controllers.toSorted((a, b) => a.nodeId - b.nodeId) }
}

/** What a key of a properties file is set to last; `''` when it is not. */
function lastOf(text: string, key: string): string {
  const prefix = `${key}=`
  return (
    text
      .split('\n')
      .findLast((line) => line.startsWith(prefix))
      ?.slice(prefix.length) ?? ''
  )
}

/**
 * Ports that controllers of a dynamic quorum keep.
 * @throws CliError when too few of them are left to elect a leader
 */
export async function keptPorts(
  { controllers, kind }: EarlierQuorum,
  brokerCount: number,
): Promise<ReadonlyMap<number, number>> {
  if (kind !== 'dynamic') return new Map()
  const majority = Math.floor(controllers.length / 2) + 1
  const started = controllers.filter(({ nodeId }) => nodeId <= brokerCount)
  if (started.length < majority) {
    const needed = controllers[majority - 1]!.nodeId
    throw new CliError(
      `the quorum has ${controllers.length} controllers, and a majority of them must run: --brokers ${needed} or more`,
    )
  }
  const free = await Promise.all(started.map(({ port }) => isFree(port)))
  const kept = started.filter((_, at) => free[at])
  // The only voter elects itself, wherever it is.
  if (kept.length < majority && controllers.length > 1) {
    const taken = started.find((_, at) => !free[at])!
    throw new CliError(
      `port ${taken.port}, where the controller of node ${taken.nodeId} is known to be, is taken; without it there is no majority`,
      { exitCode: 1, code: 'PORT_TAKEN', hint: 'end what listens there; it may be another start of this cluster' },
    )
  }
  return new Map(kept.map(({ nodeId, port }) => [nodeId, port]))
}

export interface NewController extends ControllerPlace {
  readonly directory: string
}

/** Formats the directories of the first controllers, as `storage format --initial-controllers` does. */
export async function formatControllers(clusterId: string, controllers: readonly NewController[]): Promise<void> {
  const [{ formatStorage }, { randomUuid }, { NodeStorage, nodeCodecs: codecs, systemClock, systemRandom: random }] =
    await Promise.all([import('@braidlog/metadata'), import('@braidlog/model'), import('@braidlog/runtime')])
  const initialControllers = controllers.map(({ nodeId, port }) => ({
    nodeId,
    directoryId: randomUuid(random),
    endpoints: [{ name: 'CONTROLLER', host: LOOPBACK, port }],
  }))
  const common = { storage: new NodeStorage('/'), codecs, random, nowMs: systemClock.nowMs(), clusterId }
  for (const { directory, nodeId } of controllers)
    await formatStorage({ ...common, directory, nodeId, initialControllers })
}
