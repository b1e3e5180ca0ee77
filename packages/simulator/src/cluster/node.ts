/**
 * One host of a simulated cluster: its disk stays, processes on it come and go. A process is the production server over
 * simulated clock, timers, randomness, network and disk.
 */
import type { LogFields, Logger } from '@braidlog/base'
import { startServer, type NodeParts, type Server } from '@braidlog/server'
import { SimulatedDisk, type DiskShape } from '../world/disk.ts'
import type { SimulatedNetwork } from '../world/network.ts'
import { SimulatedProcess, type World } from '../world/world.ts'

export interface NodeOptions {
  readonly world: World
  readonly network: SimulatedNetwork
  readonly nodeId: number
  readonly host: string
  readonly clusterId: string
  readonly properties: Readonly<Record<string, string | number | boolean>>
  readonly disk: DiskShape
  /** Nothing is in the page cache that is not in a cache of ours: whatever is read comes from the disk. */
  readonly readsCold: boolean
}

export const CLIENT_PORT = 9092
export const CONTROLLER_PORT = 9093
const DIRECTORY = 'data'
/** Between the attempts of a node that did not start. */
const RESTART_DELAY_MS = 1_000

export class SimulatedNode {
  readonly nodeId: number
  readonly host: string
  readonly disk: SimulatedDisk
  readonly #options: NodeOptions
  #process: SimulatedProcess | undefined
  #server: Server | undefined
  #incarnation = 0
  #parts: (() => NodeParts) | undefined
  #image: (() => NodeParts['image']) | undefined
  startFailures = 0
  /** Called before a process of the node ends, whyever it does. */
  onEnding: () => void = () => {}

  constructor(options: NodeOptions) {
    this.#options = options
    this.nodeId = options.nodeId
    this.host = options.host
    this.disk = new SimulatedDisk(options.world, options.host, options.disk)
  }

  /** A process lives, though it may not serve yet. */
  get isUp(): boolean {
    return this.#process !== undefined
  }

  get isPaused(): boolean {
    return this.#process?.isPaused ?? false
  }

  get isServing(): boolean {
    return this.#server !== undefined
  }

  /** What the process that serves here is made of; `undefined` when there is none. */
  get parts(): NodeParts | undefined {
    return this.#parts?.()
  }

  /**
   * How the process here sees the cluster; earlier than its parts, as a node that starts does already what follows from it.
   */
  get image(): NodeParts['image'] | undefined {
    return this.#image?.()
  }

  /** Number of the process, from 1. */
  get incarnation(): number {
    return this.#incarnation
  }

  /** Starts a process; one that fails to start, or stops by itself, is started again. */
  start(): void {
    if (this.#process !== undefined) return
    const { world, network, nodeId, host, clusterId, properties } = this.#options
    const process = new SimulatedProcess(world, `${nodeId}.${++this.#incarnation}`)
    this.#process = process
    world.trace(`node ${nodeId} starts`)
    const options = {
      storage: this.disk.storageFor(process),
      clock: process.clock,
      timers: process.timers,
      random: process.random,
      turns: process.turns,
      logger: this.#logger(process),
      network: { listen: network.listenFor(process, host), dial: network.dialFor(process, host) },
      format: { clusterId },
      onImage: (image: () => NodeParts['image']) => {
        if (!process.isDead) this.#image = image
      },
      // Some nodes write nearly everything in the background, as others do with appends of a quarter of a megabyte.
      logLimits: {
        ...(nodeId % 2 === 0 && { queuedWriteSizeBytesMin: 1 }),
        ...(this.#options.readsCold && { warmSizeBytes: 0, tailCacheSizeBytesMax: 16 * 1024 }),
      },
      config: { ...properties, 'node.id': nodeId, 'log.dirs': DIRECTORY },
    }
    startServer(options).then(
      (server) => this.#started(process, server),
      (error: unknown) => this.#failed(process, error),
    )
  }

  /** Ends the process: killed, with what is in the page cache kept, or with the power. */
  crash(kind: 'kill' | 'power-cut'): void {
    const process = this.#process
    if (process === undefined) return
    this.#options.world.trace(`node ${this.nodeId} ${kind}`)
    this.#end(process)
    this.disk.crash(kind === 'kill')
  }

  pause(): void {
    if (this.#process === undefined || this.isPaused) return
    this.#options.world.trace(`node ${this.nodeId} pauses`)
    this.#options.world.pause(this.#process)
  }

  resume(): void {
    if (this.#process === undefined || !this.isPaused) return
    this.#options.world.trace(`node ${this.nodeId} goes on`)
    this.#options.world.resume(this.#process)
  }

  /** Sets the wall clock of the process off. */
  setClockOffset(offsetMs: number): void {
    if (this.#process !== undefined) this.#process.clockOffsetMs = offsetMs
  }

  /** Controlled shutdown; the process is gone afterwards. */
  async stop(): Promise<void> {
    const server = this.#server
    const process = this.#process
    if (server === undefined || process === undefined) return
    this.#options.world.trace(`node ${this.nodeId} stops`)
    this.#server = undefined
    await server.close().catch(() => {})
    if (this.#process === process) {
      this.#end(process)
      this.disk.crash(true)
    }
  }

  #started(process: SimulatedProcess, server: Server): void {
    if (process.isDead) return
    this.#server = server
    this.#parts = () => server.parts
    this.#options.world.trace(`node ${this.nodeId} serves`)
    void server.stopped.then((error) => {
      if (!process.isDead && error !== undefined) this.#failed(process, error)
    })
  }

  #failed(process: SimulatedProcess, error: unknown): void {
    if (process.isDead) return
    this.startFailures++
    this.#options.world.trace(`node ${this.nodeId} failed: ${error instanceof Error ? error.message : String(error)}`)
    this.#end(process)
    this.disk.crash(true)
    this.#options.world.after(RESTART_DELAY_MS, () => this.start())
  }

  #end(process: SimulatedProcess): void {
    const { world, network } = this.#options
    this.onEnding()
    world.end(process)
    network.processEnded(process)
    this.#process = undefined
    this.#server = undefined
    this.#parts = undefined
    this.#image = undefined
  }

  /** Log lines are a part of the trace. */
  #logger(process: SimulatedProcess): Logger {
    const { world, nodeId } = this.#options
    const line =
      (level: string) =>
      (message: string, fields: LogFields = {}): void => {
        if (process.isDead) return
        const { error, ...others } = fields
        const reason = error instanceof Error ? `: ${error.message}` : ''
        world.trace(`node ${nodeId} ${level}: ${message}${reason} ${JSON.stringify(others)}`)
      }
    return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
  }
}
