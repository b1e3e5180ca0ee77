/**
 * What clients do that nobody should: each attack runs against one port, ends by itself and leaves no connection behind.
 * Answers do not matter here; what the server is afterwards does.
 */
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { below, randomBytes, type Random } from '@braidlog/base'
import { servedApis } from '@braidlog/broker'
import { apiByKey, apiByName, encodeRequest } from '@braidlog/protocol'
import { mutate } from '../../packages/protocol/fuzz/mutate.ts'
import { randomValue } from '../../packages/protocol/fuzz/random-value.ts'
import { batchOf } from '../differential/batches.ts'

export interface Target {
  readonly port: number
  readonly random: Random
}

/** Requests that would end the server's life on purpose, or the level of its features. */
const LEFT_OUT = new Set(['UnregisterBroker', 'UpdateFeatures'])
const FRAMES = 12_000
const FRAMES_OF_CONNECTION = 16
const CONNECTIONS = 8
const plain = batchOf(['x', 'y'], { key: 'k' })

/** Frames that begin as valid requests of every API and version: lengths, counts, tags, nesting and records are spoilt. */
export async function mutatedFrames({ port, random }: Target): Promise<void> {
  const apis = servedApis().filter(({ key }) => !LEFT_OUT.has(apiByKey(key)!.name))
  let left = FRAMES
  const worker = async (): Promise<void> => {
    while (left > 0) {
      await using connection = await open(port)
      for (let i = 0; i < FRAMES_OF_CONNECTION && left > 0 && !connection.closed(); i++, left--) {
        const { key, versionMin, versionMax } = apis[below(random, apis.length)]!
        connection.socket.write(spoiltFrame(key, versionMin + below(random, versionMax - versionMin + 1), random))
        if (i % 4 === 3) await delay(1)
      }
      await connection.quiet(60)
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, worker))
}

function spoiltFrame(key: number, version: number, random: Random): Uint8Array {
  const kind = below(random, 10)
  if (kind === 0) return randomBytes(random, below(random, 200))
  const { request } = apiByKey(key)!
  const value = harmless(randomValue(request, version, random), random) as object
  let frame: Uint8Array
  try {
    const options = { apiVersion: version, correlationId: random.uint32() >>> 1, clientId: 'hostile' }
    frame = new Uint8Array(Buffer.concat(encodeRequest(request, options, value)))
  } catch {
    return randomBytes(random, 20)
  }
  if (kind === 1) return frame.subarray(0, below(random, frame.length + 1))
  if (kind === 2) return frame
  // The size in front stays true for most, or little of the rest would ever be read.
  const body = mutate(frame.subarray(4), frame, random)
  const whole = Buffer.alloc(4 + body.length)
  whole.writeInt32BE(kind === 3 ? random.uint32() | 0 : body.length)
  whole.set(body, 4)
  return new Uint8Array(whole)
}

/** Counts that are legal and only costly are kept small here; `absurdCounts` is about them. */
function harmless(value: unknown, random: Random, key = ''): unknown {
  if (value instanceof Uint8Array) return below(random, 2) === 0 ? mutate(plain, plain, random) : value
  if (Array.isArray(value)) return value.map((each) => harmless(each, random, key))
  if (typeof value === 'number' && /numPartitions|^count$/.test(key)) return below(random, 4)
  // What the well-behaved client uses is left to it: a valid request to delete it would be obeyed.
  if (typeof value === 'string' && /id$/i.test(key) === false) return below(random, 2) === 0 ? 'victim' : value
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, harmless(each, random, name)]))
}

/** Connections that begin a frame and say no more. */
export async function halfOpen({ port }: Target): Promise<void> {
  const connections = await Promise.all(Array.from({ length: 100 }, () => open(port)))
  for (const [i, { socket }] of connections.entries()) socket.write(new Uint8Array([0, 0, 4, 0, 0, 18].slice(0, i % 7)))
  await delay(1_000)
  await closeAll(connections)
}

/** Connections that announce megabytes and send a byte at a time. */
export async function slowWriters({ port }: Target): Promise<void> {
  const connections = await Promise.all(Array.from({ length: 40 }, () => open(port)))
  for (const { socket } of connections) {
    const size = Buffer.alloc(4)
    size.writeInt32BE(8 << 20)
    socket.write(size)
    socket.write(new Uint8Array(64 << 10))
  }
  for (let i = 0; i < 40; i++) {
    for (const { socket } of connections) socket.write(new Uint8Array(1))
    await delay(50)
  }
  await closeAll(connections)
}

/** Connections that ask for megabytes again and again, and read none of them. */
export async function neverReaders({ port }: Target): Promise<void> {
  const { request } = apiByName('Fetch')!
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 50 << 20 }]
  const body = { maxWaitMs: 0, minBytes: 1, maxBytes: 50 << 20, topics: [{ topic: 'large', partitions }] }
  const frame = Buffer.concat(encodeRequest(request, { apiVersion: 12, correlationId: 1, clientId: 'never' }, body))
  const connections = await Promise.all(Array.from({ length: 20 }, () => open(port)))
  for (const { socket } of connections) {
    socket.pause()
    for (let i = 0; i < 200; i++) socket.write(frame)
  }
  await delay(3_000)
  await closeAll(connections)
}

/** More connections than the server takes. */
export async function connectionFlood({ port }: Target): Promise<void> {
  const connections = await Promise.all(Array.from({ length: 600 }, () => open(port).catch(() => undefined)))
  await delay(500)
  await closeAll(connections.filter((each) => each !== undefined))
}

/** Thousands of small requests at once on one connection. */
export async function pipelinedFlood({ port }: Target): Promise<void> {
  const { request } = apiByName('Metadata')!
  const options = { apiVersion: 12, correlationId: 1, clientId: 'flood' }
  const frame = Buffer.concat(encodeRequest(request, options, { topics: null, allowAutoTopicCreation: false }))
  const burst = Buffer.concat(Array.from({ length: 2_000 }, () => frame))
  const connections = await Promise.all(Array.from({ length: 6 }, () => open(port)))
  for (const { socket } of connections) socket.write(burst)
  await delay(3_000)
  await closeAll(connections)
}

/** Fetches that wait for more than there can be, for longer than anybody lives. */
export async function endlessFetches({ port }: Target): Promise<void> {
  const { request } = apiByName('Fetch')!
  const most = 2 ** 31 - 1
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: most }]
  const connections = await Promise.all(Array.from({ length: 100 }, () => open(port)))
  for (const [i, { socket }] of connections.entries()) {
    const topics = [{ topic: i % 2 === 0 ? 'large' : 'victim', partitions }]
    const body = { maxWaitMs: most, minBytes: most, maxBytes: most, topics }
    for (const chunk of encodeRequest(request, { apiVersion: 12, correlationId: 1, clientId: 'endless' }, body))
      socket.write(chunk)
  }
  await delay(2_000)
  await closeAll(connections)
}

/** Legal encodings of what nobody can mean. */
export async function absurdCounts({ port, random }: Target): Promise<void> {
  const text = 'x'.repeat(30_000)
  const topic = (numPartitions: number): object => ({
    name: `absurd-${numPartitions}`,
    numPartitions,
    replicationFactor: 1,
  })
  const bodies: readonly (readonly [string, number, object])[] = [
    ['CreateTopics', 7, { topics: [topic(2 ** 31 - 1)], timeoutMs: 1_000 }],
    ['CreateTopics', 7, { topics: [topic(1_000_000)], timeoutMs: 1_000 }],
    ['CreateTopics', 7, { topics: Array.from({ length: 20_000 }, () => topic(0)), timeoutMs: 1_000 }],
    ['CreatePartitions', 3, { topics: [{ name: 'victim', count: 2 ** 31 - 1, assignments: null }], timeoutMs: 1_000 }],
    [
      'Metadata',
      12,
      { topics: Array.from({ length: 50_000 }, (_, i) => ({ name: `none-${i}` })), allowAutoTopicCreation: false },
    ],
    ['DescribeGroups', 5, { groups: Array.from({ length: 50_000 }, (_, i) => `g${i}`) }],
    ['FindCoordinator', 6, { keyType: 0, coordinatorKeys: Array.from({ length: 50_000 }, (_, i) => `g${i}`) }],
    ['JoinGroup', 9, joining('giant', text, new Uint8Array(4 << 20))],
    ['JoinGroup', 9, joining(text, text, randomBytes(random, 1_000))],
    [
      'JoinGroup',
      5,
      {
        ...joining('many', '', new Uint8Array(0)),
        protocols: Array.from({ length: 20_000 }, (_, i) => ({ name: `p${i}`, metadata: new Uint8Array(0) })),
      },
    ],
    ['OffsetCommit', 9, committing(20_000, '')],
    ['OffsetCommit', 9, committing(100, 'm'.repeat(30_000))],
    [
      'DescribeConfigs',
      4,
      {
        resources: Array.from({ length: 3_000 }, () => ({
          resourceType: 4,
          resourceName: '1',
          configurationKeys: ['node.id'],
        })),
      },
    ],
    [
      'ListOffsets',
      7,
      {
        replicaId: -1,
        topics: [
          {
            name: 'large',
            partitions: Array.from({ length: 50_000 }, (_, i) => ({ partitionIndex: i, timestamp: -1 })),
          },
        ],
      },
    ],
    [
      'DeleteRecords',
      2,
      {
        topics: [
          {
            name: 'victim-2',
            partitions: Array.from({ length: 50_000 }, (_, i) => ({ partitionIndex: i, offset: -1 })),
          },
        ],
        timeoutMs: 1_000,
      },
    ],
  ]
  for (const [name, apiVersion, body] of bodies) {
    await using connection = await open(port)
    const { request } = apiByName(name)!
    for (const chunk of encodeRequest(request, { apiVersion, correlationId: 1, clientId: text }, body))
      connection.socket.write(chunk)
    await connection.quiet(500)
  }
}

function joining(groupId: string, protocolType: string, metadata: Uint8Array): object {
  return {
    groupId,
    sessionTimeoutMs: 6_000,
    rebalanceTimeoutMs: 6_000,
    memberId: '',
    protocolType,
    protocols: [{ name: 'range', metadata }],
  }
}

function committing(count: number, committedMetadata: string): object {
  const partitions = Array.from({ length: count }, (_, i) => ({
    partitionIndex: i,
    committedOffset: i,
    committedMetadata,
  }))
  return { groupId: 'absurd', generationIdOrMemberEpoch: -1, topics: [{ name: 'victim', partitions }] }
}

interface Connection extends AsyncDisposable {
  readonly socket: Socket
  closed(): boolean
  /** Waits until the server has closed it or said nothing new for a while. */
  quiet(durationMs: number): Promise<void>
}

function open(port: number): Promise<Connection> {
  return new Promise((resolve, reject) => {
    let closed = false
    let received = 0
    const socket = connect({ host: '127.0.0.1', port }, () => {
      resolve({
        socket,
        closed: () => closed,
        async quiet(durationMs) {
          let before = -1
          while (!closed && received !== before) {
            before = received
            await delay(durationMs)
          }
        },
        async [Symbol.asyncDispose]() {
          socket.destroy()
        },
      })
    })
    socket.on('data', (chunk) => (received += chunk.length))
    socket.on('close', () => (closed = true))
    socket.on('error', (error) => {
      closed = true
      reject(error)
    })
  })
}

async function closeAll(connections: readonly Connection[]): Promise<void> {
  await Promise.all(connections.map((each) => each[Symbol.asyncDispose]()))
}
