/** Random but legal histories of metadata: every record fits what the records before it made. */
import { below, SeededRandom } from '@braidlog/base'
import { randomUuid, type Uuid } from '@braidlog/model'
import { DeltaBuilder, MetadataImage, metadataRecord, type MetadataRecord } from '../src/index.ts'

/** @returns `count` records that can be applied in order to an empty image */
export function randomHistory(seed: number, count: number): MetadataRecord[] {
  const random = new SeededRandom(seed)
  const image = new MetadataImage()
  const records: MetadataRecord[] = []
  const push = (record: MetadataRecord) => {
    image.apply(record, new DeltaBuilder())
    image.moveTo(records.length, 1)
    records.push(record)
  }
  push(metadataRecord('FeatureLevel', { name: 'metadata.version', featureLevel: 30 }))
  while (records.length < count) {
    const record = randomRecord(image, random)
    if (record !== undefined) push(record)
  }
  return records
}

function randomRecord(image: MetadataImage, random: SeededRandom): MetadataRecord | undefined {
  const pick = <T>(items: Iterable<T>): T | undefined => {
    const all = [...items]
    return all[below(random, all.length)]
  }
  const small = () => below(random, 4)
  const topic = pick(image.topics())
  const partition = topic && pick(topic.partitions.keys())
  const broker = pick(image.brokers())
  switch (below(random, 19)) {
    case 0: {
      const name = `topic-${below(random, 8)}`
      return image.topic(name) ? undefined : metadataRecord('Topic', { name, topicId: randomUuid(random) })
    }
    case 1:
    case 2:
      if (topic === undefined) return undefined
      return metadataRecord(
        'Partition',
        {
          partitionId: topic.partitions.size,
          topicId: topic.id,
          replicas: [1, 2, 3],
          isr: [1, 2],
          leader: small(),
          leaderEpoch: small(),
          partitionEpoch: small(),
          directories: [randomUuid(random), randomUuid(random), randomUuid(random)],
          eligibleLeaderReplicas: small() === 0 ? [3] : null,
          lastKnownElr: small() === 0 ? [2] : null,
        },
        2,
      )
    case 3:
    case 4:
      if (topic === undefined || partition === undefined) return undefined
      return metadataRecord(
        'PartitionChange',
        {
          topicId: topic.id,
          partitionId: partition,
          isr: small() === 0 ? [2] : null,
          leader: small() === 0 ? -2 : small() - 1,
          eligibleLeaderReplicas: small() === 0 ? [1] : null,
        },
        2,
      )
    case 5:
      return topic && metadataRecord('RemoveTopic', { topicId: topic.id })
    case 6:
    case 7: {
      const resourceType = [2, 4, 16, 32][small()]!
      const resourceName = resourceType === 2 ? (topic?.name ?? 'topic-0') : ['', '1', '2', 'x'][small()]!
      const value = small() === 0 ? null : String(random.uint32())
      return metadataRecord('Config', { resourceType, resourceName, name: `key-${small()}`, value })
    }
    case 8:
      return metadataRecord('FeatureLevel', { name: `feature-${small()}`, featureLevel: small() })
    case 9:
      return metadataRecord(
        'RegisterBroker',
        {
          brokerId: small(),
          brokerEpoch: image.offset + 1,
          incarnationId: randomUuid(random),
          endPoints: [{ name: 'PLAINTEXT', host: 'h', port: 9092, securityProtocol: 0 }],
          features: [{ name: 'metadata.version', minSupportedVersion: 7, maxSupportedVersion: 30 }],
          rack: small() === 0 ? null : 'rack',
          logDirs: [randomUuid(random)],
          cordonedLogDirs: small() === 0 ? null : [],
        },
        4,
      )
    case 10:
      return (
        broker &&
        metadataRecord(
          'BrokerRegistrationChange',
          { brokerId: broker.id, brokerEpoch: broker.epoch, fenced: small() - 1 > 0 ? 1 : -1, inControlledShutdown: 1 },
          1,
        )
      )
    case 11:
      return broker && metadataRecord('UnregisterBroker', { brokerId: broker.id, brokerEpoch: broker.epoch })
    case 12:
      return metadataRecord('RegisterController', { controllerId: small(), incarnationId: randomUuid(random) })
    case 13:
      return metadataRecord('ProducerIds', { brokerId: 1, nextProducerId: image.nextProducerId + 1001 })
    case 14: {
      const known = pick(image.principals.acls())
      if (known !== undefined && small() === 0) return metadataRecord('RemoveAccessControlEntry', { id: known.id })
      return metadataRecord('AccessControlEntry', { id: randomUuid(random), resourceName: 'r', principal: 'User:a' })
    }
    case 15: {
      const name = `user-${small()}`
      if (small() === 0) return metadataRecord('RemoveUserScramCredential', { name, mechanism: 1 })
      return metadataRecord('UserScramCredential', {
        name,
        mechanism: 1,
        salt: Uint8Array.of(small()),
        iterations: 4096,
      })
    }
    case 16:
      if (small() === 0) return metadataRecord('RemoveDelegationToken', { tokenId: `token-${small()}` })
      return metadataRecord('DelegationToken', { tokenId: `token-${small()}`, owner: 'User:a', renewers: ['User:b'] })
    case 17:
      return metadataRecord('ClientQuota', {
        entity: [
          { entityType: 'user', entityName: small() === 0 ? null : 'a' },
          { entityType: 'client-id', entityName: 'b' },
        ],
        key: `rate-${small()}`,
        value: small() + 0.5,
        remove: small() === 0,
      })
    default:
      return small() === 0 && topic !== undefined
        ? metadataRecord('ClearElr', { topicName: small() === 0 ? '' : topic.name })
        : metadataRecord('NoOp', {})
  }
}

export function uuids(seed: number, count: number): Uuid[] {
  const random = new SeededRandom(seed)
  return Array.from({ length: count }, () => randomUuid(random))
}
