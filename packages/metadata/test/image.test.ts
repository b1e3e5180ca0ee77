/** The image: what each record does, snapshots of it, and deltas that lead to it. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import {
  DeltaBuilder,
  DIRECTORY_MIGRATING,
  MetadataError,
  MetadataImage,
  MetadataLoader,
  metadataRecord,
  type ImageView,
  type MetadataDelta,
  type MetadataRecord,
} from '../src/index.ts'
import { randomHistory, uuids } from './random-history.ts'

const [orders, dir] = uuids(1, 2)

function imageOf(records: Iterable<MetadataRecord>): MetadataImage {
  const image = new MetadataImage()
  for (const record of records) image.apply(record, new DeltaBuilder())
  return image
}

const partitionZero = {
  partitionId: 0,
  topicId: orders!,
  replicas: [1],
  isr: [1],
  leader: 1,
  leaderEpoch: 0,
  partitionEpoch: 0,
  directories: [dir!],
}

test('an image made from the records of an image is the same image', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 300 }), (seed, count) => {
      const image = imageOf(randomHistory(seed, count))
      const copy = imageOf(image.records())
      assert.deepEqual([...copy.records()], [...image.records()])
      assert.equal(copy.topicCount, image.topicCount)
      assert.equal(copy.partitionCount, image.partitionCount)
    }),
    { numRuns: 60 },
  )
})

/** The obvious follower: plain maps, changed by deltas alone. */
class Follower {
  readonly topics = new Map<string, string>()
  readonly partitions = new Map<string, unknown>()
  readonly configs = new Map<string, string>()
  readonly brokers = new Map<number, unknown>()
  readonly features = new Map<string, number>()

  onImage(_image: ImageView, delta: MetadataDelta): void {
    for (const change of delta.topics) {
      if (change.kind === 'created') this.topics.set(change.id, change.name)
      else this.topics.delete(change.id)
    }
    for (const { topicId, partition, before, after } of delta.partitions) {
      follow(this.partitions, `${topicId}-${partition}`, before, after)
    }
    for (const { resourceType, resourceName, name, before, after } of delta.configs) {
      follow(this.configs, `${resourceType}/${resourceName}/${name}`, before, after)
    }
    for (const { id, before, after } of delta.brokers) follow(this.brokers, id, before, after)
    for (const { name, before, after } of delta.features) {
      follow(this.features, name, before || undefined, after || undefined)
    }
  }
}

function follow<K, V>(map: Map<K, V>, key: K, before: V | undefined, after: V | undefined): void {
  assert.deepEqual(map.get(key), before, `what ${String(key)} was before the change`)
  if (after === undefined) map.delete(key)
  else map.set(key, after)
}

function assertFollows(follower: Follower, image: ImageView): void {
  const fresh = new Follower()
  const loader = new MetadataLoader()
  for (const record of image.records()) loader.image.apply(record, new DeltaBuilder())
  loader.subscribe(fresh)
  const sorted = (map: ReadonlyMap<unknown, unknown>) => [...map].map((entry) => JSON.stringify(entry)).toSorted()
  for (const part of ['topics', 'partitions', 'configs', 'brokers', 'features'] as const) {
    assert.deepEqual(sorted(follower[part]), sorted(fresh[part]), part)
  }
}

test('following deltas, however the records are grouped, leads to the image', () => {
  fc.assert(
    fc.property(fc.integer(), fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 30 }), (seed, groups) => {
      const total = groups.reduce((sum, size) => sum + size, 0)
      const history = randomHistory(seed, total + 1)
      const loader = new MetadataLoader()
      const follower = new Follower()
      loader.subscribe(follower)
      let at = 0
      for (const size of [1, ...groups]) {
        const records = history.slice(at, at + size)
        loader.commit({
          baseOffset: at,
          lastOffset: at + size - 1,
          epoch: 1,
          timestampMs: 0,
          sizeBytes: 1,
          records,
          controls: [],
        })
        at += size
      }
      assert.deepEqual([...loader.image.records()], [...imageOf(history).records()])
      assertFollows(follower, loader.image)
    }),
    { numRuns: 60 },
  )
})

test('a snapshot that comes later tells listeners the difference', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({ min: 1, max: 150 }),
      fc.integer({ min: 1, max: 150 }),
      (seed, seen, more) => {
        const history = randomHistory(seed, seen + more)
        const loader = new MetadataLoader()
        const { image } = loader
        const follower = new Follower()
        loader.subscribe(follower)
        const common = { epoch: 1, timestampMs: 0, sizeBytes: 1, controls: [] }
        loader.commit({ ...common, baseOffset: 0, lastOffset: seen - 1, records: history.slice(0, seen) })
        loader.loadSnapshot({
          id: { endOffset: seen + more, epoch: 2 },
          lastContainedLogTimestampMs: 0,
          sizeBytes: 1,
          controls: [],
          records: [...imageOf(history).records()],
        })
        assert.equal(loader.image, image, 'always the same object')
        assert.equal(image.offset, seen + more - 1)
        assert.deepEqual([...image.records()], [...imageOf(imageOf(history).records()).records()])
        assertFollows(follower, image)
      },
    ),
    { numRuns: 60 },
  )
})

test('a partition change leaves what it does not name, and a named leader raises the leader epoch', () => {
  const image = imageOf([
    metadataRecord('Topic', { name: 'orders', topicId: orders! }),
    metadataRecord('Partition', partitionZero, 2),
    metadataRecord('PartitionChange', { topicId: orders!, partitionId: 0, isr: [1] }, 2),
    metadataRecord('PartitionChange', { topicId: orders!, partitionId: 0, leader: 1 }, 2),
  ])
  const registration = image.partition('orders', 0)!
  assert.equal(registration.leaderEpoch, 1)
  assert.equal(registration.partitionEpoch, 2)
  assert.deepEqual(registration.directories, [dir])
})

test('a partition record from before directory ids says that the directory is not known', () => {
  const image = imageOf([
    metadataRecord('Topic', { name: 'orders', topicId: orders! }),
    metadataRecord('Partition', { ...partitionZero, directories: [] }, 0),
  ])
  assert.deepEqual(image.partition('orders', 0)!.directories, [DIRECTORY_MIGRATING])
})

test('a removed topic takes its partitions and its configurations along', () => {
  const delta = new DeltaBuilder()
  const image = imageOf([
    metadataRecord('Topic', { name: 'orders', topicId: orders! }),
    metadataRecord('Partition', partitionZero, 2),
    metadataRecord('Config', { resourceType: 2, resourceName: 'orders', name: 'retention.ms', value: '1' }),
  ])
  image.apply(metadataRecord('RemoveTopic', { topicId: orders! }), delta)
  assert.equal(image.topic('orders'), undefined)
  assert.equal(image.partitionCount, 0)
  assert.equal(image.configs(2, 'orders').size, 0)
  assert.equal(delta.partitions[0]!.after, undefined)
  assert.deepEqual(delta.configs, [
    { resourceType: 2, resourceName: 'orders', name: 'retention.ms', before: '1', after: undefined },
  ])
})

test('records that contradict the image are corruption', () => {
  const contradictions: readonly MetadataRecord[][] = [
    [metadataRecord('Partition', partitionZero, 2)],
    [metadataRecord('RemoveTopic', { topicId: orders! })],
    [
      metadataRecord('Topic', { name: 'a', topicId: orders! }),
      metadataRecord('Topic', { name: 'b', topicId: orders! }),
    ],
    [
      metadataRecord('Topic', { name: 'a', topicId: orders! }),
      metadataRecord('PartitionChange', { topicId: orders!, partitionId: 7 }),
    ],
    [metadataRecord('UnfenceBroker', { id: 1, epoch: 5 })],
    [metadataRecord('ClearElr', { topicName: 'nobody' })],
  ]
  for (const records of contradictions) {
    assert.throws(
      () => imageOf(records),
      (error) => error instanceof MetadataError && error.code === 'CORRUPT',
    )
  }
})

test('snapshot records keep the order that Apache Kafka gives them', () => {
  const order = [
    'FeatureLevel',
    'RegisterBroker',
    'RegisterController',
    'Topic',
    'Partition',
    'Config',
    'ClientQuota',
    'ProducerIds',
    'AccessControlEntry',
    'UserScramCredential',
    'DelegationToken',
  ]
  const types = [...imageOf(randomHistory(3, 400)).records()].map((record) => record.type)
  assert.deepEqual([...new Set(types)].toSorted(), order.toSorted(), 'the history has them all')
  const ranks = types.map((type) => order.indexOf(type === 'Partition' ? 'Topic' : type))
  assert.deepEqual(
    ranks,
    ranks.toSorted((a, b) => a - b),
  )
})
