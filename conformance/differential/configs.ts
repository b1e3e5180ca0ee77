/** Configurations described and altered: names, values, sources, synonyms and types, as tools show them. */
import type { Twins } from './twins.ts'

const TOPIC = 2
const BROKER = 4
const BROKER_LOGGER = 8
const CLIENT_METRICS = 16
const GROUP = 32
const SET = 0
const DELETE = 1
const APPEND = 2
const SUBTRACT = 3

interface Resource {
  readonly resourceType: number
  readonly resourceName: string
}

const topic: Resource = { resourceType: TOPIC, resourceName: 'configured' }
const broker: Resource = { resourceType: BROKER, resourceName: '1' }
const everyBroker: Resource = { resourceType: BROKER, resourceName: '' }
const group: Resource = { resourceType: GROUP, resourceName: 'configured-group' }
const metrics: Resource = { resourceType: CLIENT_METRICS, resourceName: 'subscription' }

export async function configs(twins: Twins): Promise<void> {
  await twins.createTopic('configured', {
    partitions: 1,
    configs: { 'retention.ms': '1000', 'cleanup.policy': 'compact' },
  })
  await describe(twins)
  await incremental(twins)
  await whole(twins)
  await describe(twins)
  for (const resourceTypes of [
    [],
    [TOPIC],
    [BROKER],
    [BROKER_LOGGER],
    [CLIENT_METRICS],
    [GROUP],
    [CLIENT_METRICS, GROUP],
    [77],
  ]) {
    await twins.ask('ListConfigResources', 1, { resourceTypes }, { again: true })
  }
  await twins.ask('ListConfigResources', 0, {}, { again: true })
}

async function describe(twins: Twins): Promise<void> {
  const again = { again: true }
  const asked = (resources: readonly object[], more: object = {}): object => ({ resources, ...more })
  for (const resource of [topic, broker, everyBroker, group, metrics]) {
    await twins.askAll('DescribeConfigs', () => asked([{ ...resource, configurationKeys: null }]), again)
    await twins.ask(
      'DescribeConfigs',
      4,
      asked([{ ...resource, configurationKeys: null }], { includeSynonyms: true }),
      again,
    )
    await twins.ask('DescribeConfigs', 4, asked([{ ...resource, configurationKeys: [] }]), again)
    await twins.ask(
      'DescribeConfigs',
      4,
      asked([{ ...resource, configurationKeys: ['retention.ms', 'no.such', 'log.retention.ms'] }]),
      again,
    )
  }
  for (const each of [
    { resourceType: TOPIC, resourceName: 'nowhere' },
    { resourceType: TOPIC, resourceName: '' },
    { resourceType: TOPIC, resourceName: 'a b' },
    { resourceType: TOPIC, resourceName: '__consumer_offsets' },
    { resourceType: BROKER, resourceName: '2' },
    { resourceType: BROKER, resourceName: 'one' },
    { resourceType: GROUP, resourceName: '' },
    { resourceType: CLIENT_METRICS, resourceName: '' },
    { resourceType: 0, resourceName: 'x' },
    { resourceType: 1, resourceName: 'x' },
    { resourceType: 77, resourceName: 'x' },
  ]) {
    await twins.ask('DescribeConfigs', 4, asked([{ ...each, configurationKeys: null }]), again)
  }
  await twins.ask(
    'DescribeConfigs',
    4,
    asked([topic, topic].map((each) => ({ ...each, configurationKeys: ['retention.ms'] }))),
    again,
  )
  await twins.ask('DescribeConfigs', 4, asked([]), again)
}

async function incremental(twins: Twins): Promise<void> {
  const one = (resource: Resource, name: string, configOperation: number, value: string | null): object => ({
    resources: [{ ...resource, configs: [{ name, configOperation, value }] }],
  })
  const bodies = [
    one(topic, 'retention.ms', SET, '2000'),
    one(topic, 'retention.ms', SET, 'x'),
    one(topic, 'retention.ms', SET, null),
    one(topic, 'retention.ms', APPEND, '1'),
    one(topic, 'retention.ms', SUBTRACT, '1'),
    one(topic, 'retention.ms', 9, '1'),
    one(topic, 'retention.ms', DELETE, null),
    one(topic, 'retention.ms', DELETE, '7'),
    one(topic, 'cleanup.policy', APPEND, 'delete'),
    one(topic, 'cleanup.policy', APPEND, 'delete'),
    one(topic, 'cleanup.policy', SUBTRACT, 'compact'),
    one(topic, 'cleanup.policy', SUBTRACT, 'delete'),
    one(topic, 'cleanup.policy', APPEND, 'bogus'),
    one(topic, 'no.such.config', SET, 'x'),
    one(topic, 'no.such.config', DELETE, null),
    one(topic, 'segment.bytes', SET, '1'),
    one(topic, 'min.insync.replicas', SET, '2'),
    one(topic, '', SET, '2'),
    one({ resourceType: TOPIC, resourceName: 'nowhere' }, 'retention.ms', SET, '1'),
    one({ resourceType: TOPIC, resourceName: '' }, 'retention.ms', SET, '1'),
    one(broker, 'log.cleaner.threads', SET, '2'),
    one(broker, 'log.retention.ms', SET, '123456'),
    one(broker, 'log.retention.ms', SET, 'x'),
    one(broker, 'node.id', SET, '4'),
    one(broker, 'num.partitions', SET, '4'),
    one(broker, 'no.such.config', SET, '4'),
    one(broker, 'min.insync.replicas', SET, '1'),
    one(everyBroker, 'min.insync.replicas', SET, '1'),
    one(everyBroker, 'log.retention.ms', SET, '777777'),
    one(everyBroker, 'log.cleaner.threads', SET, '3'),
    one(everyBroker, 'log.cleaner.threads', SET, '-3'),
    one(everyBroker, 'message.max.bytes', SET, '1000000'),
    one(everyBroker, 'listeners', SET, 'PLAINTEXT://:1'),
    one({ resourceType: BROKER, resourceName: '2' }, 'log.retention.ms', SET, '1'),
    one({ resourceType: BROKER, resourceName: 'one' }, 'log.retention.ms', SET, '1'),
    one(group, 'consumer.session.timeout.ms', SET, '50000'),
    one(group, 'consumer.session.timeout.ms', SET, '1'),
    one(group, 'consumer.heartbeat.interval.ms', SET, '6000'),
    one(group, 'no.such.config', SET, '1'),
    one({ resourceType: GROUP, resourceName: '' }, 'consumer.session.timeout.ms', SET, '50000'),
    one(metrics, 'interval.ms', SET, '5000'),
    one(metrics, 'interval.ms', SET, '1'),
    one(metrics, 'metrics', SET, 'org.apache.kafka.producer.'),
    one(metrics, 'match', SET, 'client_id=a.*'),
    one(metrics, 'match', SET, 'nothing=a'),
    one(metrics, 'match', SET, 'client_id=('),
    one({ resourceType: CLIENT_METRICS, resourceName: '' }, 'interval.ms', SET, '5000'),
    one({ resourceType: 0, resourceName: 'x' }, 'a', SET, 'b'),
    one({ resourceType: 77, resourceName: 'x' }, 'a', SET, 'b'),
    { resources: [] },
    { resources: [{ ...topic, configs: [] }] },
    {
      resources: [topic, topic].map((each) => ({
        ...each,
        configs: [{ name: 'retention.ms', configOperation: SET, value: '5' }],
      })),
    },
    {
      resources: [
        { ...topic, configs: ['5', '6'].map((value) => ({ name: 'retention.ms', configOperation: SET, value })) },
      ],
    },
    {
      resources: [
        { ...topic, configs: [{ name: 'retention.ms', configOperation: SET, value: '5' }] },
        {
          resourceType: TOPIC,
          resourceName: 'nowhere',
          configs: [{ name: 'retention.ms', configOperation: SET, value: '5' }],
        },
      ],
    },
  ]
  for (const body of bodies) {
    await twins.ask('IncrementalAlterConfigs', 1, { ...body, validateOnly: true })
    await twins.ask('IncrementalAlterConfigs', 1, body)
  }
  await twins.askAll('IncrementalAlterConfigs', (version) => one(topic, 'flush.ms', SET, `${1000 + version}`))
}

async function whole(twins: Twins): Promise<void> {
  const one = (resource: Resource, ...list: readonly [string, string | null][]): object => ({
    resources: [{ ...resource, configs: list.map(([name, value]) => ({ name, value })) }],
  })
  const bodies = [
    one(topic, ['retention.ms', '3000']),
    one(topic, ['retention.ms', null]),
    one(topic, ['retention.ms', 'x']),
    one(topic, ['no.such.config', 'x']),
    one(topic),
    one(topic, ['cleanup.policy', 'compact,delete'], ['segment.ms', '60000']),
    one(topic, ['segment.ms', '1'], ['segment.ms', '2']),
    one({ resourceType: TOPIC, resourceName: 'nowhere' }, ['retention.ms', '1']),
    one(broker, ['log.retention.ms', '888888']),
    one(broker, ['node.id', '8']),
    one({ resourceType: BROKER, resourceName: '2' }, ['log.retention.ms', '8']),
    one(group, ['consumer.session.timeout.ms', '46000']),
    one(metrics, ['interval.ms', '6000']),
    one({ resourceType: 77, resourceName: 'x' }, ['a', 'b']),
    { resources: [] },
    { resources: [topic, topic].map((each) => ({ ...each, configs: [] })) },
  ]
  for (const body of bodies) {
    await twins.ask('AlterConfigs', 2, { ...body, validateOnly: true })
    await twins.ask('AlterConfigs', 2, body)
  }
  await twins.askAll('AlterConfigs', () => one(topic, ['max.message.bytes', '2000000'], ['flush.messages', '7']))
}
