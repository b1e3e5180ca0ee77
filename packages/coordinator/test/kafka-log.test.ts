/** A log that Apache Kafka wrote: record formats to the byte, and record types this release does not serve. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ZERO_UUID, type Uuid } from '@braidlog/model'
import { ConsumerGroupMetadataKey, ShareGroupMetadataKey } from '@braidlog/protocol'
import { decodeGroupRecord, encodeGroupRecord, type GroupRecord } from '@braidlog/coordinator'
import { bytesOf, commitRequest, joinRequest } from './requests.ts'
import { ShardDriver } from './shard-driver.ts'

const hex = (bytes: Uint8Array | null): string => (bytes === null ? 'null' : Buffer.from(bytes).toString('hex'))
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const topicId = 'AAECAwQFBgcICQoLDA0ODw' as Uuid

const offset = (fields: { expireTimestamp?: number; topicId?: Uuid } = {}): GroupRecord => ({
  kind: 'offset',
  groupId: 'g',
  topic: 't',
  partition: 2,
  value: {
    offset: 5,
    leaderEpoch: 3,
    metadata: 'm',
    commitTimestamp: 0x0102,
    expireTimestamp: -1,
    topicId: ZERO_UUID,
    ...fields,
  },
})

test('an offset is version 4, flexible, with the topic id as a tag', () => {
  const { key, value } = encodeGroupRecord(offset({ topicId }))
  assert.equal(hex(key), '0001' + '000167' + '000174' + '00000002')
  const fields = '0000000000000005' + '00000003' + '026d' + '0000000000000102'
  assert.equal(hex(value), `0004${fields}01` + '0010' + '000102030405060708090a0b0c0d0e0f')
})

test('an offset without a topic id has no tag', () => {
  assert.match(hex(encodeGroupRecord(offset()).value), /^0004.*00$/)
})

test('an offset that expires on its own is version 1, without epoch and id', () => {
  const { value } = encodeGroupRecord(offset({ expireTimestamp: 0x0203 }))
  assert.equal(hex(value), '0001' + '0000000000000005' + '00016d' + '0000000000000102' + '0000000000000203')
})

test('a group is version 3', () => {
  const member = {
    memberId: 'm',
    groupInstanceId: null,
    clientId: 'c',
    clientHost: '/h',
    rebalanceTimeout: 4,
    sessionTimeout: 5,
    subscription: bytesOf('s'),
    assignment: bytesOf('a'),
  }
  const value = { protocolType: 'consumer', generation: 1, protocol: 'range', leader: 'm', currentStateTimestamp: 6 }
  const record = encodeGroupRecord({ kind: 'group', groupId: 'g', value: { ...value, members: [member] } })
  assert.equal(hex(record.key), '0002' + '000167')
  const head = '0003' + '0008636f6e73756d6572' + '00000001' + '000572616e6765' + '00016d' + '0000000000000006'
  const tail =
    '00000001' + '00016d' + 'ffff' + '000163' + '00022f68' + '00000004' + '00000005' + '0000000173' + '0000000161'
  assert.equal(hex(record.value), head + tail)
})

test('offsets of every version and both key types are read', () => {
  const key = bytes('0001 000167 000174 00000002')
  const values = {
    0: '0000 0000000000000005 00016d 0000000000000102',
    1: '0001 0000000000000005 00016d 0000000000000102 0000000000000203',
    2: '0002 0000000000000005 00016d 0000000000000102',
    3: '0003 0000000000000005 00000003 00016d 0000000000000102',
    4: '0004 0000000000000005 00000003 026d 0000000000000102 00',
  }
  for (const [version, value] of Object.entries(values)) {
    for (const one of [key, bytes('0000 000167 000174 00000002')]) {
      const record = decodeGroupRecord(one, bytes(value))
      assert.ok(record?.kind === 'offset' && record.value !== null, `version ${version}`)
      assert.deepEqual([record.groupId, record.topic, record.partition], ['g', 't', 2])
      assert.equal(record.value.offset, 5)
      assert.equal(record.value.expireTimestamp, version === '1' ? 0x0203 : -1)
    }
  }
  assert.equal(decodeGroupRecord(key, null)?.kind, 'offset')
})

test('a record of a type that nobody knows yet is left alone', () => {
  assert.equal(decodeGroupRecord(bytes('0063 000167'), bytes('0000')), undefined)
})

/** What a consumer group leaves in the log: a type, the group, and more that does not matter here. */
function foreign(type: number, groupId: string, more = ''): GroupRecord {
  const key =
    type === 11 ? ShareGroupMetadataKey.encode({ groupId }, 0) : ConsumerGroupMetadataKey.encode({ groupId }, 0)
  return decodeGroupRecord(Uint8Array.of(0, type, ...key, ...bytes(more)), bytes('0000'))!
}

function driverWith(...records: readonly GroupRecord[]): ShardDriver {
  const driver = new ShardDriver({ initialRebalanceDelayMs: 0 })
  records.forEach((record, i) => driver.shard.apply(record, i))
  return driver
}

const join = { api: 'joinGroup', apiVersion: 9, clientId: 'a', clientHost: '/h', memberIdSuffix: '1' } as const

test('a classic member takes over a consumer group by the tombstones its own coordinator would write', () => {
  const driver = driverWith(foreign(3, 'g'), foreign(5, 'g', '00016d'), foreign(3, 'h'))
  const { records } = driver.decide({ ...join, request: joinRequest() })
  const written = records.map(encodeGroupRecord)
  assert.deepEqual(
    written.map(({ key, value }) => `${hex(key)} ${value === null ? 'tombstone' : 'value'}`),
    ['0003000167 tombstone', '000500016700016d tombstone', '0002000167 value'],
  )
  const listed = driver.ask<'listGroups'>({ api: 'listGroups', states: [], types: [] })
  assert.deepEqual(
    listed.map(({ groupId, groupType, groupState }) => `${groupId} ${groupType} ${groupState}`),
    ['g classic Empty', 'h consumer Empty'],
  )
})

test('a share group is not taken over', () => {
  const driver = driverWith(foreign(11, 'g'))
  const { errorCode } = driver.ask<'joinGroup'>({ ...join, request: joinRequest() })
  assert.equal(errorCode, 23)
})

test('offsets of a consumer group are served, and never expire here', () => {
  const committed = { ...offset(), groupId: 'g' } as GroupRecord
  const driver = driverWith(foreign(3, 'g'), committed)
  driver.pass(30 * 24 * 3600 * 1000)
  const group = { groupId: 'g', topics: null }
  const fetched = driver.ask<'offsetFetch'>({ api: 'offsetFetch', group, requireStable: true })
  assert.equal(fetched.topics[0]?.partitions[0]?.committedOffset, 5)
  driver.ask<'offsetCommit'>({ api: 'offsetCommit', request: commitRequest({ offsets: { 2: 9 } }), apiVersion: 9 })
  assert.equal(driver.log.length, 1)
})

test('deleting a consumer group writes tombstones for all it has', () => {
  const driver = driverWith(foreign(3, 'g'), offset())
  assert.deepEqual(driver.ask<'deleteGroups'>({ api: 'deleteGroups', groupIds: ['g'] }), [
    { groupId: 'g', errorCode: 0 },
  ])
  assert.deepEqual(
    driver.log.map(encodeGroupRecord).map(({ key, value }) => `${hex(key).slice(0, 4)} ${value === null}`),
    ['0001 true', '0003 true', '0002 true'],
  )
})

test('offsets of a transaction appear with its marker, and the later record wins', () => {
  const driver = new ShardDriver()
  const { shard } = driver
  const value = (committed: number) => ({
    ...(offset() as Extract<GroupRecord, { kind: 'offset' }>).value!,
    offset: committed,
  })
  const key = { kind: 'offset', groupId: 'g', topic: 't', partition: 0 } as const
  const fetched = (requireStable = false): string => {
    const group = { groupId: 'g', topics: [{ name: 't', topicId: ZERO_UUID, partitionIndexes: [0] }] }
    const answer = driver.ask<'offsetFetch'>({ api: 'offsetFetch', group, requireStable })
    const { committedOffset, errorCode } = answer.topics[0]!.partitions[0]!
    return `${committedOffset} ${errorCode}`
  }
  shard.apply({ ...key, value: value(1) }, 10, 7)
  assert.deepEqual([fetched(), fetched(true)], ['-1 0', '-1 88'])
  shard.endTransaction(7, false)
  assert.equal(fetched(true), '-1 0')
  shard.apply({ ...key, value: value(2) }, 20, 7)
  shard.apply({ ...key, value: value(3) }, 30)
  shard.endTransaction(7, true)
  assert.equal(fetched(true), '3 0', 'the plain commit stands later in the log')
  shard.apply({ ...key, value: value(4) }, 40, 7)
  shard.apply({ ...key, value: null }, 50)
  shard.endTransaction(7, true)
  assert.equal(fetched(true), '-1 0', 'a tombstone takes pending offsets back')
})
