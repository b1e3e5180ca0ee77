/** Our replica of a metadata quorum, over real sockets and files, with a listener that serves nothing but the quorum. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import * as net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@braidlog/base'
import { SocketPeers } from '@braidlog/broker'
import { formatStorage, type MetadataBatch } from '@braidlog/metadata'
import {
  apiByKey,
  ApiVersionsResponse,
  encodeResponse,
  FrameSplitter,
  Reader,
  readRequestHeader,
  type Api,
} from '@braidlog/protocol'
import { QUORUM_APIS, RaftNode, type LeaderAndEpoch, type QuorumApi } from '@braidlog/raft'
import { nodeCodecs, NodeStorage, systemClock, systemRandom, systemTimers } from '@braidlog/runtime'

export interface ReplicaOptions {
  readonly nodeId: number
  readonly clusterId: string
  readonly bootstrapPort: number
}

export class Replica implements AsyncDisposable {
  readonly nodeId: number
  readonly port: number
  readonly batches: MetadataBatch[] = []
  readonly leaders: LeaderAndEpoch[] = []
  readonly peers: SocketPeers
  readonly directoryId: string
  readonly #close: () => Promise<void>
  #raft: RaftNode | undefined

  private constructor(fields: {
    nodeId: number
    port: number
    peers: SocketPeers
    directoryId: string
    close: () => Promise<void>
  }) {
    this.nodeId = fields.nodeId
    this.port = fields.port
    this.peers = fields.peers
    this.directoryId = fields.directoryId
    this.#close = fields.close
  }

  static async start({ bootstrapPort, clusterId, nodeId }: ReplicaOptions): Promise<Replica> {
    const work = mkdtempSync(join(tmpdir(), 'braidlog-quorum-'))
    const storage = new NodeStorage(work)
    const common = { storage, codecs: nodeCodecs, random: systemRandom, directory: work, clusterId, nodeId }
    const { directoryId } = await formatStorage({ ...common, nowMs: Date.now() })
    const sockets = new Set<net.Socket>()
    const server = net.createServer((socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
      serve(socket, () => replica.raft)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    const network = { clock: systemClock, timers: systemTimers, random: systemRandom, logger: silentLogger }
    const replica: Replica = new Replica({
      nodeId,
      port,
      directoryId: directoryId!,
      peers: new SocketPeers({ nodeId, ...network }),
      async close() {
        await replica.#raft?.close()
        await replica.peers.close()
        for (const socket of sockets) socket.destroy()
        server.close()
        rmSync(work, { recursive: true, force: true })
      },
    })
    replica.#raft = await RaftNode.open({
      ...common,
      ...network,
      segmentBytes: 1 << 30,
      segmentMs: 7 * 86_400_000,
      directoryId: directoryId!,
      endpoints: [{ name: 'CONTROLLER', host: '127.0.0.1', port }],
      staticVoters: [],
      network: {
        peers: replica.peers,
        timers: systemTimers,
        bootstrapServers: [{ host: '127.0.0.1', port: bootstrapPort }],
      },
      retention: { retentionBytes: -1, retentionMs: -1 },
      listener: {
        handleLoadSnapshot: () => {},
        handleCommit: (batch) => replica.batches.push(batch),
        handleLeaderChange: (leader) => replica.leaders.push(leader),
      },
      onFailure: (error) => {
        throw error
      },
    })
    return replica
  }

  get raft(): RaftNode {
    return this.#raft!
  }

  /** Names of the topics that have been created, as far as this replica knows. */
  topics = (): string[] => {
    return this.batches
      .flatMap((batch) => batch.records)
      .flatMap((record) => (record.type === 'Topic' ? [record.value.name] : []))
  }

  /** It is gone without a word, and does not come back. */
  async crash(): Promise<void> {
    await this.raft.close({ handOver: false })
    await this.#close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close()
  }
}

const served: readonly Api[] = QUORUM_APIS.map((name) => apiByKey(keyOf(name))!)

function keyOf(name: QuorumApi): number {
  const keys: Readonly<Record<QuorumApi, number>> = {
    Fetch: 1,
    Vote: 52,
    BeginQuorumEpoch: 53,
    EndQuorumEpoch: 54,
    DescribeQuorum: 55,
    FetchSnapshot: 59,
    AddRaftVoter: 80,
    RemoveRaftVoter: 81,
    UpdateRaftVoter: 82,
  }
  return keys[name]
}

function serve(socket: net.Socket, raft: () => RaftNode): void {
  const frames = new FrameSplitter(1 << 26)
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    for (const frame of frames.push(Uint8Array.prototype.slice.call(chunk))) {
      const reader = new Reader(frame)
      const { correlationId, requestApiKey, requestApiVersion: apiVersion } = readRequestHeader(reader)
      const respond = (response: Uint8Array[]) => socket.write(Buffer.concat(response))
      if (requestApiKey === 18) {
        const apiKeys = [...served, apiByKey(18)!].map((api) => ({
          apiKey: api.key,
          minVersion: api.versionMin,
          maxVersion: api.versionMaxStable,
        }))
        const supportedFeatures = [{ name: 'kraft.version', minVersion: 0, maxVersion: 1 }]
        const body = { apiKeys, ...(apiVersion >= 4 && { supportedFeatures }) }
        respond(encodeResponse(ApiVersionsResponse, { apiVersion, correlationId }, body))
        continue
      }
      const api = served.find((each) => each.key === requestApiKey)!
      const body = api.request.readToEnd(reader, apiVersion)
      void raft()
        .handleRequest(api.name as QuorumApi, body as never, apiVersion)
        .then((answer) => respond(encodeResponse(api.response, { apiVersion, correlationId }, answer)))
    }
  })
}
