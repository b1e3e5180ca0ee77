/**
 * Notices that a node has been started on the directory of another cluster than that of the controllers it is told to join:
 * all of them refuse it for its cluster's id, and none has ever taken it for one of theirs.
 *
 * One alone proves nothing: its address may have been given to another cluster since, and the others know better.
 */
import type { PeerAddress, Peers } from './peers.ts'

export interface Host {
  readonly host: string
  readonly port: number
}

/** Serves controllers, in DescribeCluster. */
const CONTROLLER_ENDPOINTS = 2
const REQUEST_TIMEOUT_MS = 2_000

export class ForeignClusters {
  readonly #peers: Peers
  readonly #clusterId: string
  /** Cluster ids by address; `undefined`: it would not say. */
  readonly #found = new Map<string, string | undefined>()
  #hasMetOwn = false

  constructor(peers: Peers, clusterId: string) {
    this.#peers = peers
    this.#clusterId = clusterId
  }

  /** A node has answered as one of the same cluster. */
  met(): void {
    this.#hasMetOwn = true
  }

  /**
   * A node has refused this one for its cluster's id.
   * @param known all addresses at which there may be a controller
   * @returns what is wrong, once it is certain
   */
  async refusedBy(to: PeerAddress, known: readonly Host[]): Promise<string | undefined> {
    const address = nameOf(to)
    if (!this.#found.has(address)) this.#found.set(address, await this.#clusterOf(to))
    if (this.#hasMetOwn || !known.every((host) => this.#found.has(nameOf(host)))) return undefined
    const others = [...this.#found].map(
      ([host, id]) => `${host} is of ${id === undefined ? 'another' : `cluster ${id}`}`,
    )
    return (
      `the data directory belongs to cluster ${this.#clusterId} (cluster.id in meta.properties), but the controllers do ` +
      `not: ${others.join(', ')}; use the directory of that cluster, format an empty one for it, or correct ` +
      'controller.quorum.bootstrap.servers or controller.quorum.voters'
    )
  }

  async #clusterOf(to: PeerAddress): Promise<string | undefined> {
    try {
      const body = { includeClusterAuthorizedOperations: false, endpointType: CONTROLLER_ENDPOINTS }
      const { clusterId } = await this.#peers.request(to, 'DescribeCluster', body, { timeoutMs: REQUEST_TIMEOUT_MS })
      return clusterId === '' ? undefined : clusterId
    } catch {
      return undefined
    }
  }
}

function nameOf({ host, port }: Host): string {
  return `${host}:${port}`
}
