/** Batches written: whole, spoiled, repeated, out of order; and what stands in the log afterwards. */
import { ZERO_UUID } from '@braidlog/model'
import { COMPRESSION_TYPES } from '@braidlog/records'
import { BASE_MS, batchOf, joined, oldMessage, spoiled } from './batches.ts'
import { served, type Twins } from './twins.ts'

const HOUR_MS = 3_600_000
const plain = (): Uint8Array => batchOf(['a', 'b'], { key: 'k' })

export async function produce(twins: Twins): Promise<void> {
  await twins.createTopic('plain', { partitions: 3 })
  await twins.createTopic('compacted', { configs: { 'cleanup.policy': 'compact' } })
  await twins.createTopic('stamped', { configs: { 'message.timestamp.type': 'LogAppendTime' } })
  await twins.createTopic('small', { configs: { 'max.message.bytes': '200' } })
  await twins.createTopic('timely', {
    configs: { 'message.timestamp.before.max.ms': `${HOUR_MS}`, 'message.timestamp.after.max.ms': '1000' },
  })
  await twins.createTopic('gzipped', { configs: { 'compression.type': 'gzip' } })
  await twins.createTopic('flat', { configs: { 'compression.type': 'uncompressed' } })
  await batches(twins)
  await shapes(twins)
  await sequences(twins)
  for (const topic of ['plain', 'compacted', 'stamped', 'small', 'timely', 'gzipped', 'flat'])
    await readBack(twins, topic)
}

async function write(
  twins: Twins,
  topic: string,
  records: Uint8Array | null,
  options: {
    readonly version?: number
    readonly acks?: number
    readonly partition?: number
    readonly title?: string
  } = {},
): Promise<void> {
  const { version = 12, acks = -1, partition = 0, title = '' } = options
  const partitionData = [{ index: partition, records }]
  await twins.ask(
    'Produce',
    version,
    (side) => ({
      acks,
      timeoutMs: 5_000,
      topicData: [version >= 13 ? { topicId: side.topicId(topic), partitionData } : { name: topic, partitionData }],
    }),
    { title },
  )
}

async function batches(twins: Twins): Promise<void> {
  const { versionMax } = served('Produce')
  for (let version = 3; version <= versionMax; version++) {
    await write(twins, 'plain', plain(), { version })
    await write(twins, 'plain', plain(), { version, acks: 1 })
    await write(
      twins,
      'plain',
      spoiled(plain(), (view) => view.setUint32(17, 1), false),
      { version },
    )
    await write(twins, 'compacted', batchOf(['no key']), { version })
    for (const compression of COMPRESSION_TYPES) {
      await write(twins, 'plain', batchOf(['x', 'y', 'x'.repeat(500)], { compression, key: 'k' }), { version })
    }
    await write(twins, 'plain', oldMessage(0, 'old'), { version })
    await write(twins, 'plain', oldMessage(1, 'old'), { version })
    await write(twins, 'small', batchOf(['x'.repeat(300)]), { version })
  }
  const spoilt: readonly [string, Uint8Array][] = [
    ['magic 3', spoiled(plain(), (view) => view.setInt8(16, 3))],
    ['magic 1 in a new batch', spoiled(plain(), (view) => view.setInt8(16, 1))],
    ['negative magic', spoiled(plain(), (view) => view.setInt8(16, -1))],
    ['count too high', spoiled(plain(), (view) => view.setInt32(57, 3))],
    ['count too low', spoiled(plain(), (view) => view.setInt32(57, 1))],
    ['no count', spoiled(plain(), (view) => view.setInt32(57, 0))],
    ['negative count', spoiled(plain(), (view) => view.setInt32(57, -1))],
    ['last offset delta', spoiled(plain(), (view) => view.setInt32(23, 5))],
    ['negative delta', spoiled(plain(), (view) => view.setInt32(23, -1))],
    ['count and delta', spoiled(plain(), (view) => (view.setInt32(57, 9), view.setInt32(23, 8)))],
    ['base offset 7', spoiled(plain(), (view) => view.setBigInt64(0, 7n))],
    ['leader epoch 9', spoiled(plain(), (view) => view.setInt32(12, 9))],
    ['control', spoiled(plain(), (view) => view.setInt16(21, 0x20))],
    ['transactional', spoiled(plain(), (view) => view.setInt16(21, 0x10))],
    ['log append time', spoiled(plain(), (view) => view.setInt16(21, 0x08))],
    ['delete horizon', spoiled(plain(), (view) => view.setInt16(21, 0x40))],
    ['codec 5', spoiled(plain(), (view) => view.setInt16(21, 5))],
    ['says gzip', spoiled(plain(), (view) => view.setInt16(21, 1))],
    ['says zstd', spoiled(plain(), (view) => view.setInt16(21, 4))],
    ['unused attribute', spoiled(plain(), (view) => view.setInt16(21, 0x100))],
    ['max timestamp wrong', spoiled(plain(), (view) => view.setBigInt64(35, 5n))],
    ['epoch without id', spoiled(plain(), (view) => view.setInt16(51, 3))],
    ['sequence without id', spoiled(plain(), (view) => view.setInt32(53, 3))],
    ['id without epoch', spoiled(plain(), (view) => view.setBigInt64(43, 5n))],
    ['id without sequence', spoiled(plain(), (view) => (view.setBigInt64(43, 5n), view.setInt16(51, 0)))],
    ['length too small', spoiled(plain(), (view) => view.setInt32(8, 40), false)],
    ['length too large', spoiled(plain(), (view) => view.setInt32(8, 4000), false)],
    ['negative length', spoiled(plain(), (view) => view.setInt32(8, -5), false)],
    ['cut', plain().subarray(0, 70)],
    ['cut in the header', plain().subarray(0, 30)],
    ['three bytes', plain().subarray(0, 3)],
    ['nothing', new Uint8Array(0)],
    ['a batch and a cut one', joined(plain(), plain().subarray(0, 20))],
    ['two batches', joined(plain(), plain())],
    ['record length spoilt', spoiled(plain(), (view) => view.setInt8(61, 120))],
    ['record key spoilt', spoiled(plain(), (view) => view.setInt8(65, 100))],
    ['negative offset delta', spoiled(plain(), (view) => view.setInt8(64, 1))],
    ['empty key and null value', batchOf([null, ''], { key: '' })],
    [
      'headers',
      batchOf(['h'], {
        headers: [
          { key: '', value: null },
          { key: 'h', value: 'v' },
          { key: 'h', value: '' },
        ],
      }),
    ],
  ]
  const policies = [
    ['plain', {}],
    ['compacted', { 'cleanup.policy': 'compact' }],
    ['stamped', { 'message.timestamp.type': 'LogAppendTime' }],
  ] as const
  // Each has a partition of its own, lest one that only one server takes shifts the offsets of those behind it.
  for (const [policy, config] of policies) {
    await twins.createTopic(`spoilt-${policy}`, { partitions: spoilt.length, configs: config })
  }
  for (const [i, [what, records]] of spoilt.entries()) {
    for (const [policy] of policies) {
      await write(twins, `spoilt-${policy}`, records, { partition: i, title: `${what}, ${policy}` })
    }
  }
  for (const [policy] of policies) {
    await readBack(twins, `spoilt-${policy}`, spoilt.length)
  }
  await write(twins, 'plain', null)
  const minutes = [-61, -59, 0, 59, 61, 48 * 60, -48 * 60]
  for (const each of minutes) {
    for (const topic of ['timely', 'plain', 'stamped']) {
      await write(twins, topic, batchOf(['t', 'u'], { timestampMs: BASE_MS + each * 60_000 }))
    }
  }
  await write(twins, 'timely', batchOf(['no time'], { timestampMs: -1 }))
  for (const topic of ['gzipped', 'flat']) {
    for (const compression of COMPRESSION_TYPES)
      await write(twins, topic, batchOf(['p', 'q'], { compression, key: 'k' }))
  }
  await write(twins, 'small', joined(batchOf(['1']), batchOf(['2'])))
}

async function shapes(twins: Twins): Promise<void> {
  const part = (index: number, records: Uint8Array | null = plain()): object => ({ index, records })
  const asked = (topicData: readonly object[], acks = -1, more: object = {}): object => ({
    acks,
    timeoutMs: 5_000,
    topicData,
    ...more,
  })
  const bodies = [
    asked([]),
    asked([{ name: 'plain', partitionData: [] }]),
    asked([{ name: 'plain', partitionData: [part(0), part(1), part(7), part(-1)] }]),
    asked([
      { name: 'nowhere', partitionData: [part(0)] },
      { name: 'plain', partitionData: [part(0)] },
    ]),
    asked([{ name: '', partitionData: [part(0)] }]),
    asked([{ name: 'a b', partitionData: [part(0)] }]),
    asked([{ name: '__consumer_offsets', partitionData: [part(0)] }]),
    asked([{ name: '__cluster_metadata', partitionData: [part(0)] }]),
    asked([{ name: 'plain', partitionData: [part(0)] }], 2),
    asked([{ name: 'plain', partitionData: [part(0)] }], -2),
  ]
  for (const body of bodies) for (const version of [3, 8, 12]) await twins.ask('Produce', version, body)
  for (const topicId of [ZERO_UUID, 'AAAAAAAAAAAAAAAAAAAAaQ', 'AAAAAAAAAAAAAAAAAAAAAQ']) {
    await twins.ask('Produce', 13, asked([{ topicId, partitionData: [part(0)] }]))
  }
  // Without acknowledgement there is no answer; an error closes the connection.
  for (const name of ['plain', 'nowhere']) {
    const silent = { silentMs: 400 }
    await twins.ask('Produce', 12, asked([{ name, partitionData: [part(0)] }], 0), silent)
  }
}

async function sequences(twins: Twins): Promise<void> {
  await twins.askAll('InitProducerId', () => ({ transactionalId: null, transactionTimeoutMs: 60_000 }))
  for (const body of [
    { transactionalId: null, transactionTimeoutMs: -1 },
    { transactionalId: null, transactionTimeoutMs: 60_000, producerId: 5, producerEpoch: 3 },
    { transactionalId: null, transactionTimeoutMs: 60_000, producerId: -1, producerEpoch: 3 },
    { transactionalId: null, transactionTimeoutMs: 60_000, producerId: 5, producerEpoch: -1 },
    { transactionalId: '', transactionTimeoutMs: 60_000 },
  ]) {
    await twins.ask('InitProducerId', 4, body)
  }
  await twins.createTopic('idempotent')
  let producer = 5_000
  /** Batches of one producer: epoch, first sequence, count. */
  const scripts: readonly (readonly [epoch: number, sequence: number, count: number])[][] = [
    [
      [0, 0, 2],
      [0, 2, 2],
      [0, 4, 1],
      [0, 4, 1],
      [0, 2, 2],
      [0, 0, 2],
    ],
    [
      [0, 0, 1],
      [0, 2, 1],
      [0, 1, 1],
      [0, 1, 2],
      [0, 0, 2],
    ],
    [
      [0, 5, 1],
      [0, 6, 1],
      [0, 6, 1],
      [0, 5, 1],
      [0, 0, 1],
    ],
    [
      [1, 0, 1],
      [0, 1, 1],
      [1, 1, 1],
      [2, 1, 1],
      [2, 0, 1],
      [1, 2, 1],
      [2, 1, 1],
    ],
    [
      [0, 2 ** 31 - 2, 2],
      [0, 0, 2],
      [0, 0, 2],
      [0, 2 ** 31 - 2, 2],
      [0, 2, 1],
    ],
    [
      [0, 2 ** 31 - 1, 3],
      [0, 2, 1],
      [0, 2 ** 31 - 1, 3],
    ],
    [
      [0, 0, 1],
      [0, 1, 1],
      [0, 2, 1],
      [0, 3, 1],
      [0, 4, 1],
      [0, 5, 1],
      [0, 0, 1],
      [0, 1, 1],
      [0, 5, 1],
    ],
    [
      [32_767, 0, 1],
      [0, 0, 1],
      [32_767, 1, 1],
    ],
    [
      [0, -1, 1],
      [-1, -1, 1],
      [0, 0, 1],
    ],
  ]
  for (const script of scripts) {
    const producerId = ++producer
    for (const [producerEpoch, baseSequence, count] of script) {
      const title = `${producerId} epoch ${producerEpoch} sequence ${baseSequence}`
      await write(twins, 'idempotent', sequence(producerId, producerEpoch, baseSequence, count), { title })
      await twins.ask('DescribeProducers', 0, { topics: [{ name: 'idempotent', partitionIndexes: [0] }] })
    }
  }
  const both = joined(sequence(6_000, 0, 0, 1), sequence(6_000, 0, 1, 1))
  await write(twins, 'idempotent', both)
  await write(twins, 'idempotent', joined(sequence(6_001, 0, 0, 1), batchOf(['other'])))
  await write(twins, 'idempotent', sequence(6_002, 0, 0, 1, true))
  for (const partitionIndexes of [[], [0], [1], [-1], [0, 0]]) {
    await twins.ask('DescribeProducers', 0, { topics: [{ name: 'idempotent', partitionIndexes }] })
  }
  await twins.ask('DescribeProducers', 0, { topics: [{ name: 'nowhere', partitionIndexes: [0] }] })
  await twins.ask('DescribeProducers', 0, { topics: [] })
  await readBack(twins, 'idempotent')
}

function sequence(id: number, epoch: number, baseSequence: number, count: number, transactional = false): Uint8Array {
  const values = Array.from({ length: count }, (_, i) => `${id}-${epoch}-${baseSequence}-${i}`)
  return batchOf(values, { producerId: id, producerEpoch: epoch, baseSequence, transactional })
}

async function readBack(twins: Twins, topic: string, partitionCount = 1): Promise<void> {
  for (let partition = 0; partition < partitionCount; partition++) {
    const partitions = [{ partition, fetchOffset: 0, partitionMaxBytes: 1 << 24 }]
    const request = { maxWaitMs: 0, minBytes: 1, maxBytes: 1 << 24, topics: [{ topic, partitions }] }
    await twins.ask('Fetch', 12, request, { again: true })
  }
}
