/**
 * Several nodes on this machine under one command: a process each, with a node id, ports and a data directory of its own.
 *
 * Every node is `braidlog start` on a server.properties beside its directory, so that one that has ended can be started
 * again by hand. Nodes end with this process, however it ends: they watch the channel to it. Who the controllers are is for
 * `local-quorum.ts` to know.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CliError } from './exit.ts'
import { freePort, LOOPBACK as HOST } from './free-port.ts'
import {
  earlierQuorum,
  formatControllers,
  keptPorts,
  type ControllerPlace,
  type EarlierQuorum,
} from './local-quorum.ts'
import { SUPERVISED } from './supervised.ts'

export interface LocalClusterOptions {
  /** Holds a directory per node. */
  readonly directory: string
  readonly brokerCount: number
  /** First port for clients; the others follow, taken ones are left out. */
  readonly port: number
  /** Keys of server.properties for every node. */
  readonly config: Readonly<Record<string, string | number | boolean>>
  /** Text of a server.properties for every node, which `config` overrides. */
  readonly properties?: string
  readonly clusterId?: string | undefined
  /** First port for metrics by HTTP; without it, they are not served. */
  readonly metricsPort?: number | undefined
  readonly logLevel: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** What the nodes say on stderr, line by line. */
  readonly onLine: (nodeId: number, line: string) => void
  /** A node has ended by itself. */
  readonly onEnded: (node: LocalNode, how: string) => void
}

export interface LocalNode {
  readonly nodeId: number
  readonly isController: boolean
  readonly port: number
  readonly controllerPort: number | undefined
  readonly metricsPort: number | undefined
  readonly directory: string
  readonly propertiesFile: string
  readonly process: ChildProcess
}

export interface LocalCluster {
  readonly clusterId: string
  readonly nodes: readonly LocalNode[]
  /** `host:port` of every broker. */
  readonly bootstrapServers: string
  /** Resolves when no node is left. */
  readonly ended: Promise<void>
  /** Stops all nodes in order, and ends those that do not. */
  close(): Promise<void>
}

/** More controllers than this make elections slower, not safer. */
const CONTROLLERS_MAX = 3
/** On one machine nobody is far away: the first election need not wait long. */
const ELECTION_TIMEOUT_MS = 200
const CONTROLLER_PORT_OFFSET = 10_000
const PORT_MAX = 65_535
/** Taken ports are left out, so a few more may be needed. */
const PORT_MARGIN = 200
/** What each node has its own of. */
const OWN_KEYS = [
  'node.id',
  'broker.id',
  'process.roles',
  'listeners',
  'advertised.listeners',
  'log.dirs',
  'log.dir',
  'controller.quorum.voters',
  'controller.quorum.bootstrap.servers',
  'braidlog.metrics.listener',
]
const START_TIMEOUT_MS = 60_000
/** A node is given so long to stop, then it is killed. */
const STOP_TIMEOUT_MS = 35_000

/** @throws CliError when a node does not start; the others are stopped again */
export async function startLocalCluster(options: LocalClusterOptions, signal: AbortSignal): Promise<LocalCluster> {
  const { brokerCount, directory } = options
  const own = OWN_KEYS.find((key) => key in options.config)
  if (own !== undefined) throw new CliError(`${own} cannot be set with --brokers: each node has its own`)
  const quorum = earlierQuorum(directory)
  const plans = await planNodes(options)
  const clusterId = await clusterIdOf(options, plans)
  mkdirSync(directory, { recursive: true })
  const controllers = plans.flatMap(({ controllerPort: port, ...plan }) =>
    port === undefined ? [] : [{ ...plan, port }],
  )
  for (const plan of plans) writeFileSync(plan.propertiesFile, propertiesOf(plan, { ...quorum, controllers }, options))
  if (quorum.kind === 'none') await formatControllers(clusterId, controllers)
  const nodes: LocalNode[] = []
  let isClosing = false
  const start = (plan: NodePlan): Promise<void> => {
    const child = spawnNode(plan, clusterId, options)
    const node = { ...plan, isController: plan.controllerPort !== undefined, process: child }
    nodes.push(node)
    eachLine(child.stderr!, (line) => options.onLine(plan.nodeId, line))
    child.once('exit', (code, by) => {
      if (!isClosing) options.onEnded(node, by === null ? `exit code ${code}` : by)
    })
    return ready(node, signal)
  }
  const close = async (): Promise<void> => {
    isClosing = true
    await Promise.all(nodes.map((node) => stop(node.process)))
  }
  try {
    await Promise.all(plans.map(start))
  } catch (error) {
    await close()
    throw error
  }
  return {
    clusterId,
    nodes,
    bootstrapServers: nodes.map(({ port }) => `${HOST}:${port}`).join(','),
    ended: Promise.all(nodes.map((node) => exited(node.process))).then(() => undefined),
    close,
  }

  async function planNodes({ port, metricsPort }: LocalClusterOptions): Promise<NodePlan[]> {
    const kept = await keptPorts(quorum, brokerCount)
    const taken = new Set<number>(kept.values())
    const result: NodePlan[] = []
    const controllerCount = brokerCount < CONTROLLERS_MAX ? 1 : CONTROLLERS_MAX
    const offset =
      port + CONTROLLER_PORT_OFFSET + PORT_MARGIN > PORT_MAX ? -CONTROLLER_PORT_OFFSET : CONTROLLER_PORT_OFFSET
    let [nextPort, nextControllerPort, nextMetricsPort] = [port, port + offset, metricsPort]
    for (let nodeId = 1; nodeId <= brokerCount; nodeId++) {
      const clientPort = await freePort(nextPort, taken)
      nextPort = clientPort + 1
      let controllerPort = kept.get(nodeId)
      const stays = quorum.kind === 'dynamic' && quorum.controllers.some((each) => each.nodeId === nodeId)
      if (controllerPort === undefined && (nodeId <= controllerCount || stays)) {
        controllerPort = await freePort(nextControllerPort, taken)
        nextControllerPort = controllerPort + 1
      }
      if (nextMetricsPort !== undefined) nextMetricsPort = await freePort(nextMetricsPort, taken)
      const propertiesFile = join(directory, `node-${nodeId}.properties`)
      result.push({
        nodeId,
        port: clientPort,
        controllerPort,
        metricsPort: nextMetricsPort,
        directory: join(directory, `node-${nodeId}`),
        propertiesFile,
      })
      if (nextMetricsPort !== undefined) nextMetricsPort++
    }
    return result
  }
}

type NodePlan = Omit<LocalNode, 'isController' | 'process'>

/** The cluster that the directories belong to already; else the one asked for, or a new one. */
async function clusterIdOf({ clusterId }: LocalClusterOptions, plans: readonly NodePlan[]): Promise<string> {
  for (const { directory } of plans) {
    const path = join(directory, 'meta.properties')
    const known = existsSync(path) ? /^cluster\.id=(.*)$/m.exec(readFileSync(path, 'utf8'))?.[1]?.trim() : undefined
    if (known === undefined) continue
    if (clusterId !== undefined && clusterId !== known) {
      throw new CliError(`${directory} belongs to cluster ${known}, not to ${clusterId}`)
    }
    return known
  }
  if (clusterId !== undefined) return clusterId
  const [{ randomUuid }, { systemRandom }] = await Promise.all([import('@braidlog/model'), import('@braidlog/runtime')])
  return randomUuid(systemRandom)
}

function propertiesOf(plan: NodePlan, quorum: EarlierQuorum, options: LocalClusterOptions): string {
  const { nodeId, port, controllerPort, metricsPort, directory } = plan
  const listeners = [`PLAINTEXT://${HOST}:${port}`]
  if (controllerPort !== undefined) listeners.push(`CONTROLLER://${HOST}:${controllerPort}`)
  const own = {
    'node.id': nodeId,
    'process.roles': controllerPort === undefined ? 'broker' : 'broker,controller',
    listeners: listeners.join(','),
    'controller.listener.names': 'CONTROLLER',
    ...quorumProperties(quorum),
    'log.dirs': directory,
    'controller.quorum.election.timeout.ms': ELECTION_TIMEOUT_MS,
    'controller.quorum.election.backoff.max.ms': ELECTION_TIMEOUT_MS,
    ...(metricsPort === undefined ? {} : { 'braidlog.metrics.listener': `${HOST}:${metricsPort}` }),
    ...options.config,
  }
  const lines = Object.entries(own).map(([key, value]) => `${key}=${String(value).replaceAll('\\', '\\\\')}`)
  return [
    `# Node ${nodeId} of a cluster on this machine, written anew at every start of the whole.`,
    ...(options.properties === undefined ? [] : [options.properties.trimEnd(), '']),
    ...lines,
    '',
  ].join('\n')
}

function quorumProperties({ controllers, kind }: EarlierQuorum): Record<string, string | boolean> {
  const at = ({ port }: ControllerPlace) => `${HOST}:${port}`
  if (kind === 'static')
    return { 'controller.quorum.voters': controllers.map((each) => `${each.nodeId}@${at(each)}`).join(',') }
  return {
    'controller.quorum.voters': '',
    'controller.quorum.bootstrap.servers': controllers.map(at).join(','),
    // A cluster that grows gets its other controllers by itself.
    'controller.quorum.auto.join.enable': true,
  }
}

function spawnNode(plan: NodePlan, clusterId: string, { env, logLevel }: LocalClusterOptions): ChildProcess {
  const program = fileURLToPath(new URL('../bin/braidlog.js', import.meta.url))
  const args = [program, 'start', plan.propertiesFile, '--cluster-id', clusterId, '--log-level', logLevel]
  return spawn(process.execPath, [...process.execArgv, ...args], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // A group of its own: Ctrl-C comes to this process, which stops the nodes in order.
    detached: true,
    env: { ...env, [SUPERVISED]: '1' },
  })
}

/** A node says that it serves through the channel. */
function ready({ nodeId, process: child }: LocalNode, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (error?: Error): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', aborted)
      if (error === undefined) resolve()
      else reject(error)
    }
    const aborted = (): void => end(new CliError('stopped before all nodes had started', { exitCode: 130 }))
    const timer = setTimeout(
      () => end(new CliError(`node ${nodeId} did not start within ${START_TIMEOUT_MS / 1000} s`, { exitCode: 1 })),
      START_TIMEOUT_MS,
    )
    signal.addEventListener('abort', aborted)
    child.on('message', (message) => {
      if (message === 'ready') end()
    })
    child.once('error', (error) => end(new CliError(`node ${nodeId} cannot be started: ${error.message}`)))
    child.once('exit', (code, by) => {
      end(new CliError(`node ${nodeId} did not start (${by ?? `exit code ${code}`}); what it said is above`))
    })
  })
}

function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => child.once('exit', () => resolve()))
}

async function stop(child: ChildProcess): Promise<void> {
  const end = exited(child)
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await end
  clearTimeout(timer)
}

function eachLine(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    for (const line of lines) onLine(line)
  })
  stream.on('end', () => {
    if (rest !== '') onLine(rest)
  })
}
