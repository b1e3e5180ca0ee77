/** One server on one directory and one pair of ports, over as many processes as a test ends and starts. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { freePorts } from '../peers/process.ts'
import { startPeerServer, type PeerServer } from '../peers/server.ts'

export class RestartableServer {
  readonly dir: string
  readonly #ports: readonly [number, number]
  #server: PeerServer | undefined
  /** From the start of the process until it answered, of each start. */
  readonly startTimesMs: number[] = []

  private constructor(dir: string, ports: readonly [number, number]) {
    this.dir = dir
    this.#ports = ports
  }

  static async start(dir: string): Promise<RestartableServer> {
    const self = new RestartableServer(dir, (await freePorts(2)) as [number, number])
    await self.restart()
    return self
  }

  get bootstrap(): string {
    return `127.0.0.1:${this.#ports[0]}`
  }

  log(): string {
    return this.#server?.log() ?? ''
  }

  /** What says that the last process ended in good order; it is taken away when the next one starts. */
  hasCleanShutdownFile(): boolean {
    return existsSync(join(this.dir, '.kafka_cleanshutdown'))
  }

  async restart(): Promise<void> {
    const startedMs = performance.now()
    this.#server = await startPeerServer({ dir: this.dir, ports: this.#ports, properties: { 'num.partitions': 4 } })
    this.startTimesMs.push(performance.now() - startedMs)
  }

  /** SIGKILL: the process gets to do nothing more. */
  async kill(): Promise<void> {
    await this.#server?.kill()
    this.#server = undefined
  }

  /** SIGTERM, and waits for the end. */
  async stop(): Promise<void> {
    await this.#server?.stop()
    this.#server = undefined
  }
}
