/** Several real `RaftNode`s over storage in memory, under virtual time, talking in encoded messages. */
import assert from 'node:assert/strict'
import { MemoryStorage, SeededRandom, silentLogger, type Clock, type Timer, type Timers } from '@braidlog/base'
import { LogResources } from '@braidlog/log'
import {
  formatStorage,
  metadataRecord,
  type LoadedSnapshot,
  type MetadataBatch,
  type MetadataRecord,
} from '@braidlog/metadata'
import { ErrorCode, ZERO_UUID, type Uuid } from '@braidlog/model'
import { apiByName } from '@braidlog/protocol'
import { plainCodecs as codecs } from '@braidlog/records'
import {
  PeerError,
  RaftNode,
  type LeaderAndEpoch,
  type PeerAddress,
  type PeerApi,
  type PeerOptions,
  type PeerRequest,
  type PeerResponse,
  type Peers,
  type QuorumApi,
  type RaftError,
  type RaftNodeOptions,
  type Voter,
} from '../src/index.ts'

/** Lets everything that waits for nothing but other work get done. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}

export class VirtualTime implements Clock, Timers {
  #nowMs = 0
  #sequence = 0
  #timers: { atMs: number; sequence: number; run: () => void }[] = []

  nowMs(): number {
    return 1_700_000_000_000 + this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void): Timer {
    const timer = { atMs: this.#nowMs + delayMs, sequence: this.#sequence++, run }
    this.#timers.push(timer)
    return { cancel: () => (this.#timers = this.#timers.filter((each) => each !== timer)) }
  }

  /** Lets time pass until `condition` holds. */
  async until(condition: () => boolean, what: string, maxMs = 20_000): Promise<void> {
    const endMs = this.#nowMs + maxMs
    for (;;) {
      await settle()
      if (condition()) return
      const next = this.#timers.toSorted((a, b) => a.atMs - b.atMs || a.sequence - b.sequence)[0]
      if (next === undefined || next.atMs > endMs) assert.fail(`not within ${maxMs} ms: ${what}`)
      this.#timers = this.#timers.filter((each) => each !== next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.run()
    }
  }

  async pass(ms: number): Promise<void> {
    let over = false
    this.after(ms, () => (over = true))
    await this.until(() => over, 'time passes', ms + 1)
  }
}

export interface TestNode {
  readonly id: number
  readonly storage: MemoryStorage
  directoryId: Uuid
  /** As it was opened with. */
  clusterId: string
  raft: RaftNode | undefined
  readonly seen: {
    snapshots: LoadedSnapshot[]
    batches: MetadataBatch[]
    leaders: LeaderAndEpoch[]
    failures: RaftError[]
  }
}

export interface ClusterOptions {
  readonly voters: number
  readonly observers?: number
  readonly dynamic?: boolean
  /** Of requests, by API; the newest otherwise. */
  readonly versions?: Partial<Record<PeerApi, number>>
  /** For every node. */
  readonly node?: Partial<RaftNodeOptions>
}

const endpointsOf = (id: number) => [{ name: 'CONTROLLER', host: `n${id}`, port: 9093 }]

export class TestCluster {
  readonly time = new VirtualTime()
  readonly nodes: TestNode[] = []
  /** Links that are cut, `from>to`. */
  readonly cut = new Set<string>()
  /** Every request that was made: `from api to`. */
  readonly sent: string[] = []
  readonly #options: ClusterOptions
  #voters: Voter[] = []

  private constructor(options: ClusterOptions) {
    this.#options = options
  }

  static async start(options: ClusterOptions): Promise<TestCluster> {
    const cluster = new TestCluster(options)
    for (let id = 1; id <= options.voters + (options.observers ?? 0); id++) await cluster.#format(id)
    for (const node of cluster.nodes) await cluster.open(node)
    return cluster
  }

  get leader(): TestNode | undefined {
    const leading = this.nodes.filter((node) => node.raft?.role === 'leader')
    return leading.toSorted((a, b) => b.raft!.epoch - a.raft!.epoch)[0]
  }

  node(id: number): TestNode {
    return this.nodes.find((node) => node.id === id)!
  }

  async #format(id: number): Promise<void> {
    const storage = new MemoryStorage()
    const { dynamic = false, voters } = this.#options
    const common = { storage, codecs, random: new SeededRandom(id), nowMs: 1, directory: 'data', clusterId: 'cluster' }
    // A quorum of one at first; the others join it.
    const first = dynamic && id === 1 && voters === 1
    const { directoryId } = await formatStorage({
      ...common,
      nodeId: id,
      ...(first && { standalone: endpointsOf(id) }),
    })
    const seen = { snapshots: [], batches: [], leaders: [], failures: [] }
    this.nodes.push({ id, storage, directoryId: directoryId!, clusterId: 'cluster', raft: undefined, seen })
    if (!dynamic && id <= voters) this.#voters.push({ id, directoryId: ZERO_UUID, endpoints: endpointsOf(id) })
  }

  async open(node: TestNode, more: Partial<RaftNodeOptions> = {}): Promise<void> {
    const { seen } = node
    seen.batches = []
    seen.snapshots = []
    node.clusterId = more.clusterId ?? 'cluster'
    node.raft = await RaftNode.open({
      storage: node.storage,
      clock: this.time,
      random: new SeededRandom(node.id * 7 + 1),
      codecs,
      logger: silentLogger,
      resources: new LogResources(),
      directory: 'data',
      segmentBytes: 1024 * 1024,
      segmentMs: 3_600_000,
      nodeId: node.id,
      clusterId: 'cluster',
      directoryId: node.directoryId,
      endpoints: endpointsOf(node.id),
      staticVoters: this.#voters,
      network: {
        peers: this.#peersOf(node),
        timers: this.time,
        bootstrapServers: this.#options.dynamic === true ? this.nodes.map(({ id }) => endpointsOf(id)[0]!) : [],
      },
      retention: { retentionBytes: -1, retentionMs: -1 },
      listener: {
        handleLoadSnapshot: (snapshot) => {
          seen.snapshots.push(snapshot)
          seen.batches = []
        },
        handleCommit: (batch) => seen.batches.push(batch),
        handleLeaderChange: (leader) => seen.leaders.push(leader),
      },
      onFailure: (error) => seen.failures.push(error),
      ...this.#options.node,
      ...more,
    })
  }

  async close(): Promise<void> {
    for (const node of this.nodes) {
      const closing = node.raft?.close()
      let closed = false
      void closing?.then(() => (closed = true))
      if (closing !== undefined) await this.time.until(() => closed, `node ${node.id} closes`)
    }
  }

  /** The process is gone; what was not durable may be, too. */
  crash(node: TestNode, seed = 1): void {
    node.storage.crash(new SeededRandom(seed))
    node.raft = undefined
  }

  isolate(node: TestNode): void {
    for (const other of this.nodes) {
      this.cut.add(`${node.id}>${other.id}`)
      this.cut.add(`${other.id}>${node.id}`)
    }
  }

  /** @returns a leader that has been told so and whose epoch is committed */
  async untilLed(than = 0): Promise<TestNode> {
    const leads = (): TestNode | undefined => {
      const { leader } = this
      const told = leader?.seen.leaders.at(-1)
      return leader !== undefined && leader.raft!.epoch > than && told?.leaderId === leader.id ? leader : undefined
    }
    await this.time.until(() => leads() !== undefined, 'a node leads')
    return leads()!
  }

  async append(node: TestNode, value: string): Promise<void> {
    const { committed } = node.raft!.append([config(value)])
    let done = false
    committed.then(
      () => (done = true),
      () => (done = true),
    )
    await this.time.until(() => done, `${value} is committed`)
    await committed
  }

  async untilSeen(value: string, nodes: readonly TestNode[] = this.nodes): Promise<void> {
    await this.time.until(() => nodes.every((node) => valuesOf(node).includes(value)), `all have seen ${value}`)
  }

  #peersOf(from: TestNode): Peers {
    return {
      request: <N extends PeerApi>(
        to: PeerAddress,
        name: N,
        body: PeerRequest<N>,
        options: PeerOptions,
      ): Promise<PeerResponse<N>> => this.#request(from, to, name, body as object, options) as Promise<PeerResponse<N>>,
    }
  }

  #request(from: TestNode, to: PeerAddress, name: PeerApi, body: object, options: PeerOptions): Promise<unknown> {
    const target = this.nodes.find((node) => `n${node.id}` === to.host)!
    this.sent.push(`${from.id} ${name} ${target.id}`)
    const isCut = (a: TestNode, b: TestNode) => this.cut.has(`${a.id}>${b.id}`)
    const api = apiByName(name)!
    const version = Math.min(this.#options.versions?.[name] ?? api.versionMaxStable, api.versionMaxStable)
    let bytes: Uint8Array
    try {
      bytes = api.request.encode(body, version)
    } catch (cause) {
      return Promise.reject(new PeerError('UNSUPPORTED_VERSION', String(cause), { cause }))
    }
    const life = target.raft
    return new Promise((resolve, reject) => {
      const timer = this.time.after(options.timeoutMs, () => reject(new PeerError('TIMED_OUT', 'no answer')))
      const unreachable = (): void => {
        timer.cancel()
        reject(new PeerError('UNREACHABLE', 'connection refused'))
      }
      this.time.after(1, () => {
        if (life === undefined || target.raft !== life) return unreachable()
        if (isCut(from, target)) return
        const kraftVersions = { name: 'kraft.version', minVersion: 0, maxVersion: 1 }
        const answer =
          name === 'ApiVersions'
            ? Promise.resolve({ supportedFeatures: [kraftVersions] })
            : name === 'DescribeCluster'
              ? Promise.resolve({ clusterId: target.clusterId })
              : life.handleRequest(name as QuorumApi, api.request.decode(bytes, version) as never, version)
        void (answer as Promise<object>).then((response) => {
          const encoded = api.response.encode(response, version)
          this.time.after(1, () => {
            if (isCut(target, from)) return
            timer.cancel()
            resolve(api.response.decode(encoded, version))
          })
        })
      })
    })
  }
}

export const config = (value: string): MetadataRecord =>
  metadataRecord('Config', { resourceType: 2, resourceName: 't', name: 'k', value })

export function valuesOf(node: TestNode): string[] {
  const records = [
    ...node.seen.snapshots.flatMap((each) => each.records),
    ...node.seen.batches.flatMap((each) => each.records),
  ]
  return records.map((record) => (record.type === 'Config' ? record.value.value! : record.type))
}

export const NONE = ErrorCode.NONE
