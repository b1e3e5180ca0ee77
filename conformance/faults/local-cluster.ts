/** Three Braidlog nodes as processes of their own, each controller and broker, that can be killed, paused and started again. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUuid } from '@braidlog/model'
import { systemRandom } from '@braidlog/runtime'
import { freePorts, start, type RunningChild } from '../peers/process.ts'

const CLI = join(import.meta.dirname, '..', '..', 'packages', 'cli', 'bin', 'braidlog.js')
const START_TIMEOUT_MS = 60_000

export class LocalCluster {
  readonly nodeIds: readonly number[]
  readonly bootstrapServers: readonly string[]
  readonly #work: string
  readonly #clusterId: string
  readonly #children = new Map<number, RunningChild>()

  private constructor(work: string, clusterId: string, bootstrapServers: readonly string[]) {
    this.#work = work
    this.#clusterId = clusterId
    this.bootstrapServers = bootstrapServers
    this.nodeIds = bootstrapServers.map((_, at) => at + 1)
  }

  static async start(count: number, properties: Readonly<Record<string, string | number>>): Promise<LocalCluster> {
    const ports = await freePorts(2 * count)
    const work = mkdtempSync(join(tmpdir(), 'braidlog-cluster-'))
    const ids = Array.from({ length: count }, (_, at) => at + 1)
    const voters = ids.map((id) => `${id}@127.0.0.1:${ports[count + id - 1]}`).join(',')
    for (const id of ids) {
      const all = {
        'process.roles': 'broker,controller',
        'node.id': id,
        listeners: `PLAINTEXT://127.0.0.1:${ports[id - 1]},CONTROLLER://127.0.0.1:${ports[count + id - 1]}`,
        'controller.listener.names': 'CONTROLLER',
        'inter.broker.listener.name': 'PLAINTEXT',
        'controller.quorum.voters': voters,
        'log.dirs': join(work, `node-${id}`),
        ...properties,
      }
      const lines = Object.entries(all).map(([key, value]) => `${key}=${value}\n`)
      writeFileSync(join(work, `node-${id}.properties`), lines.join(''))
    }
    const addresses = ids.map((id) => `127.0.0.1:${ports[id - 1]}`)
    const cluster = new LocalCluster(work, randomUuid(systemRandom), addresses)
    await Promise.all(ids.map((id) => cluster.start(id)))
    return cluster
  }

  isUp(nodeId: number): boolean {
    return this.#children.has(nodeId)
  }

  /** Resolves when the node serves. */
  async start(nodeId: number): Promise<void> {
    const properties = join(this.#work, `node-${nodeId}.properties`)
    const child = start(process.execPath, [CLI, 'start', properties, '--cluster-id', this.#clusterId])
    this.#children.set(nodeId, child)
    await child.line(/^Braidlog node /m, START_TIMEOUT_MS)
  }

  async kill(nodeId: number): Promise<void> {
    const child = this.#children.get(nodeId)
    this.#children.delete(nodeId)
    await child?.kill()
  }

  /** Stops the process where it is, for a while. */
  pause(nodeId: number): void {
    const child = this.#children.get(nodeId)
    if (child !== undefined) process.kill(child.pid, 'SIGSTOP')
  }

  resume(nodeId: number): void {
    const child = this.#children.get(nodeId)
    if (child !== undefined) process.kill(child.pid, 'SIGCONT')
  }

  /** Clean shutdown. */
  async stop(nodeId: number): Promise<void> {
    const child = this.#children.get(nodeId)
    this.#children.delete(nodeId)
    await child?.stop(60_000)
  }

  tail(nodeId: number): string {
    return this.#children.get(nodeId)?.tail() ?? ''
  }

  async close(): Promise<void> {
    await Promise.all(this.nodeIds.map((id) => this.kill(id)))
    rmSync(this.#work, { recursive: true, force: true })
  }
}
