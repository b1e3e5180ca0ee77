/** Runs several nodes on this machine until they are told to stop: what `dev --brokers` and `start --brokers` share. */
import type { Context } from './command.ts'
import { CliError } from './exit.ts'
import { startLocalCluster, type LocalCluster, type LocalClusterOptions } from './local-cluster.ts'

export interface RunOptions extends Omit<LocalClusterOptions, 'env' | 'onEnded' | 'onLine'> {
  /** Called when all nodes serve. @returns what to do before they are stopped */
  readonly onUp?: (cluster: LocalCluster, elapsedMs: number) => Promise<() => Promise<void>>
}

const BROKERS_MAX = 99

export async function runLocalCluster(context: Context, { onUp, ...options }: RunOptions): Promise<void> {
  const { brokerCount } = options
  if (brokerCount < 1 || brokerCount > BROKERS_MAX) throw new CliError(`--brokers takes 1 to ${BROKERS_MAX}`)
  const { terminal, signal, io } = context
  const started = performance.now()
  const cluster = await startLocalCluster(
    {
      ...options,
      env: io.env,
      onLine: (nodeId, line) => io.stderr.write(`node ${nodeId} | ${line}\n`),
      onEnded: ({ nodeId, propertiesFile }, how) => {
        terminal.warn(`Node ${nodeId} has ended (${how}). Start it again with: braidlog start ${propertiesFile}`)
      },
    },
    signal,
  )
  const elapsedMs = Math.round(performance.now() - started)
  let stopOthers = async (): Promise<void> => {}
  try {
    if (onUp === undefined) await terminal.write(`${describeNodes(cluster)}\n`)
    else stopOthers = await onUp(cluster, elapsedMs)
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
    await Promise.race([aborted, cluster.ended])
  } finally {
    await stopOthers()
    await cluster.close()
  }
  if (!signal.aborted) throw new CliError('every node has ended', { exitCode: 1 })
  terminal.note('All nodes stopped.')
}

/** One line per node. */
export function describeNodes({ nodes, clusterId }: LocalCluster): string {
  const lines = nodes.map(({ nodeId, port, controllerPort, directory }) => {
    const roles = controllerPort === undefined ? '' : `, controller on ${controllerPort}`
    return `  node ${nodeId}  127.0.0.1:${port}${roles}; data in ${directory}`
  })
  return [`${nodes.length} Braidlog nodes of cluster ${clusterId}:`, ...lines].join('\n')
}
