/** A node that serves, until it is closed, killed, or fails. */
import type { Logger, Timer, Timers } from '@braidlog/base'
import type { Broker, BrokerMetrics, ClusterMembership } from '@braidlog/broker'
import { ControllerError } from '@braidlog/controller'
import type { PartitionSet } from '@braidlog/partition'
import type { ServerConfig } from './config.ts'
import type { MetricsEndpoint } from './metrics/metrics-endpoint.ts'
import { nodeMetrics } from './metrics/node-metrics.ts'
import type { ControllerSide } from './controller-side.ts'
import type { CloseOptions, NodeParts, Server, ServerListener } from './server.ts'

export interface BrokerParts {
  readonly broker: Broker
  readonly partitions: PartitionSet
  readonly membership: ClusterMembership
}

export interface RunningParts {
  readonly nodeId: number
  readonly clusterId: string
  readonly directory: string
  readonly listeners: readonly ServerListener[]
  readonly controllerListeners: readonly ServerListener[]
  readonly config: ServerConfig
  readonly metrics: BrokerMetrics
  /** Of the listeners for controllers. */
  readonly controllerMetrics: BrokerMetrics | undefined
  readonly side: ControllerSide
  /** Of the broker role. */
  readonly broker: BrokerParts | undefined
  readonly timers: Timers
  readonly logger: Logger
  /** Undefined: metrics are not served. */
  readonly metricsEndpoint: MetricsEndpoint | undefined
  /** Gives the data directory back. */
  readonly unlock: () => void
}

const CLOSE_TIMEOUT_MS = 30_000
/**
 * Once the metadata log has failed. What is still being written to that disk may never come back, and there is nothing to
 * hand over in order: the next start recovers either way.
 */
const FAILED_CLOSE_TIMEOUT_MS = 5_000

export class RunningServer implements Server {
  readonly nodeId: number
  readonly clusterId: string
  readonly directory: string
  readonly listeners: readonly ServerListener[]
  readonly controllerListeners: readonly ServerListener[]
  readonly bootstrapServers: string
  readonly warnings: readonly string[]
  readonly config: ReadonlyMap<string, string>
  readonly metrics: BrokerMetrics
  readonly metricsUrl: string | undefined
  readonly stopped: Promise<Error | undefined>
  readonly #parts: RunningParts
  #stop: (failure: Error | undefined) => void = () => {}
  #closing: Promise<void> | undefined
  #failure: Error | undefined
  #hasMetadataFailed = false
  #expire: () => void = () => {}
  readonly #closeTimers: Timer[] = []

  constructor(parts: RunningParts) {
    this.#parts = parts
    this.nodeId = parts.nodeId
    this.clusterId = parts.clusterId
    this.directory = parts.directory
    this.listeners = parts.listeners
    this.controllerListeners = parts.controllerListeners
    this.bootstrapServers = parts.listeners.map(hostAndPort).join(',')
    this.warnings = parts.config.warnings
    this.config = parts.config.texts
    this.metrics = parts.metrics
    this.metricsUrl = parts.metricsEndpoint?.url
    this.stopped = new Promise((resolve) => {
      this.#stop = resolve
    })
  }

  get parts(): NodeParts {
    const { broker, side } = this.#parts
    return {
      image: side.link.image,
      partitions: broker?.partitions,
      isActiveController: side.controller.isActive,
    }
  }

  metricsText(): string {
    const { config, clusterId, side, broker, metrics, controllerMetrics } = this.#parts
    return nodeMetrics({
      config,
      clusterId,
      controller: side.controller,
      connections: [
        ...(config.isBroker ? [{ listener: 'broker', metrics } as const] : []),
        ...(controllerMetrics === undefined ? [] : [{ listener: 'controller', metrics: controllerMetrics } as const]),
      ],
      broker,
    })
  }

  close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options.timeoutMs ?? CLOSE_TIMEOUT_MS)
    return this.#closing
  }

  async kill(): Promise<void> {
    if (this.#closing !== undefined) return await this.#closing
    const { broker: parts, side, unlock, metricsEndpoint } = this.#parts
    let finish: () => void = () => {}
    this.#closing = new Promise((resolve) => (finish = resolve))
    void metricsEndpoint?.close()
    parts?.broker.kill()
    parts?.membership.close()
    parts?.partitions.abandon()
    // Its log is durable after every change: there is nothing a crash could lose, only files to be closed.
    await side.close({ handOver: false }).catch(() => {})
    unlock()
    finish()
    this.#stop(undefined)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** The data directory can no longer be trusted: serving from it would lie to clients. */
  failed(error: Error): void {
    this.#hasMetadataFailed ||= error instanceof ControllerError && error.code === 'STORAGE_FAILED'
    const timeoutMs = this.#hasMetadataFailed ? FAILED_CLOSE_TIMEOUT_MS : CLOSE_TIMEOUT_MS
    if (this.#closing !== undefined) {
      // What was to be closed in order cannot be any more.
      if (this.#hasMetadataFailed) this.#expireAfter(timeoutMs)
      return
    }
    this.#failure = error
    this.#parts.logger.error('the node stops because of a failure', { error })
    void this.close({ timeoutMs })
  }

  async #close(timeoutMs: number): Promise<void> {
    const { broker, logger, metricsEndpoint, side, unlock } = this.#parts
    const expired = new Promise<'expired'>((resolve) => (this.#expire = () => resolve('expired')))
    this.#expireAfter(timeoutMs)
    try {
      const outcome = await Promise.race([this.#closeParts(), expired])
      if (outcome === 'expired') {
        logger.warn('the node was not closed in time; its next start will recover')
        broker?.broker.kill()
        broker?.membership.close()
        void metricsEndpoint?.close()
        side.abandon()
      }
    } finally {
      for (const timer of this.#closeTimers) timer.cancel()
      unlock()
      this.#stop(this.#failure)
    }
  }

  /** Closing goes on no longer than that; the shortest time counts. */
  #expireAfter(timeoutMs: number): void {
    this.#closeTimers.push(this.#parts.timers.after(timeoutMs, () => this.#expire()))
  }

  /**
   * In a cluster this broker's leaderships go first, while it still serves: clients find the new leaders without a failed
   * request. Then its requests, its files, the metadata.
   */
  async #closeParts(): Promise<void> {
    const { broker: parts, side, logger, metricsEndpoint } = this.#parts
    const attempt = async (what: string, step: () => Promise<void>): Promise<void> => {
      try {
        await step()
      } catch (error) {
        logger.error(`cannot ${what}`, { error })
        this.#failure ??= error instanceof Error ? error : new Error(String(error))
      }
    }
    if (parts !== undefined) {
      const { broker, membership, partitions } = parts
      const leave = () =>
        // The controller that would have to let it go is this node's own.
        this.#hasMetadataFailed && side.controller.isActive
          ? Promise.resolve(membership.close())
          : attempt('leave the cluster in order', () => membership.leave())
      const stop = () => attempt('stop the broker', () => broker.stop())
      // Alone there is nobody to take over, and a node that serves while it is fenced would only confuse.
      for (const step of this.#parts.config.quorum.isAlone ? [stop, leave] : [leave, stop]) await step()
      await attempt('close the partitions', () => partitions.close())
    }
    await attempt('close the controller', () => side.close())
    await metricsEndpoint?.close()
  }
}

function hostAndPort({ advertisedHost, advertisedPort }: ServerListener): string {
  return `${advertisedHost.includes(':') ? `[${advertisedHost}]` : advertisedHost}:${advertisedPort}`
}
