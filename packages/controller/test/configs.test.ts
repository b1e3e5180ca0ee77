/** Changes of configurations, by resource and operation. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { metadataRecord } from '@braidlog/metadata'
import { ConfigOperation, ConfigResourceType, ErrorCode, SCHEMA_VALIDATION_TOPIC_CONFIGS } from '@braidlog/model'
import { describeConfigs } from '../src/index.ts'
import { Scenario } from './scenario.ts'

const { TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP } = ConfigResourceType
const { SET, DELETE, APPEND, SUBTRACT } = ConfigOperation

type Operation = readonly [name: string, configOperation: number, value: string | null]

function alter(resourceType: number, resourceName: string, ...operations: readonly Operation[]) {
  const configs = operations.map(([name, configOperation, value]) => ({ name, configOperation, value }))
  return { resources: [{ resourceType, resourceName, configs }], validateOnly: false }
}

function config(resourceType: number, resourceName: string, name: string, value: string | null) {
  return metadataRecord('Config', { resourceType, resourceName, name, value })
}

function withTopic(features = {}): Scenario {
  const scenario = new Scenario({}, features)
  scenario.createTopics({ name: 'orders', configs: [{ name: 'retention.ms', value: '1' }] })
  return scenario
}

test('set and delete change what they name', () => {
  const scenario = withTopic()
  const { records } = scenario.submit(
    'incrementalAlterConfigs',
    alter(TOPIC, 'orders', ['retention.ms', DELETE, null], ['max.message.bytes', SET, '5000']),
  )
  assert.deepEqual(records, [
    config(TOPIC, 'orders', 'retention.ms', null),
    config(TOPIC, 'orders', 'max.message.bytes', '5000'),
  ])
  assert.deepEqual([...scenario.image.configs(TOPIC, 'orders')], [['max.message.bytes', '5000']])
})

test('append and subtract work on lists, from the default where nothing is set', () => {
  const scenario = withTopic()
  const change = (operation: number, value: string) => {
    scenario.submit('incrementalAlterConfigs', alter(TOPIC, 'orders', ['cleanup.policy', operation, value]))
    return scenario.image.configs(TOPIC, 'orders').get('cleanup.policy')
  }
  assert.equal(change(APPEND, 'compact'), 'delete,compact')
  assert.equal(change(APPEND, 'compact'), 'delete,compact')
  assert.equal(change(SUBTRACT, 'delete'), 'compact')
})

test('the older form replaces all that was set', () => {
  const scenario = withTopic()
  const request = {
    resources: [{ resourceType: TOPIC, resourceName: 'orders', configs: [{ name: 'flush.ms', value: '9' }] }],
  }
  const { records } = scenario.submit('alterConfigs', { ...request, validateOnly: false })
  assert.deepEqual(records, [config(TOPIC, 'orders', 'retention.ms', null), config(TOPIC, 'orders', 'flush.ms', '9')])
})

test('an equal value is no change, except for brokers, which re-read files behind it', () => {
  const scenario = withTopic()
  const same = scenario.submit('incrementalAlterConfigs', alter(TOPIC, 'orders', ['retention.ms', SET, '1']))
  assert.deepEqual(same.records, [])
  for (let round = 0; round < 2; round++) {
    const { records } = scenario.submit(
      'incrementalAlterConfigs',
      alter(BROKER, '1', ['log.cleaner.threads', SET, '2']),
    )
    assert.deepEqual(records, [config(BROKER, '1', 'log.cleaner.threads', '2')])
  }
})

test('groups, client metrics and the default of all brokers take their own keys', () => {
  const scenario = withTopic()
  for (const [type, name, key, value] of [
    [GROUP, 'g', 'consumer.session.timeout.ms', '50000'],
    [CLIENT_METRICS, 'm', 'match', 'client_id=a.*'],
    [BROKER, '', 'message.max.bytes', '2000000'],
    [BROKER, '', 'a.key.of.some.plugin', 'x'],
  ] as const) {
    const { records, response } = scenario.submit('incrementalAlterConfigs', alter(type, name, [key, SET, value]))
    assert.equal(response.responses[0]!.errorCode, ErrorCode.NONE, `${key}: ${response.responses[0]!.errorMessage}`)
    assert.deepEqual(records, [config(type, name, key, value)])
  }
})

const refused: readonly (readonly [ReturnType<typeof alter>, keyof typeof ErrorCode])[] = [
  [alter(TOPIC, 'orders', ['retention.ms', SET, 'x']), 'INVALID_CONFIG'],
  [alter(TOPIC, 'orders', ['nope', SET, '1']), 'INVALID_CONFIG'],
  [alter(TOPIC, 'orders', ['retention.ms', APPEND, '1']), 'INVALID_CONFIG'],
  [alter(TOPIC, 'orders', ['cleanup.policy', APPEND, 'foo']), 'INVALID_CONFIG'],
  [alter(TOPIC, 'orders', ['retention.ms', SET, null]), 'INVALID_REQUEST'],
  [alter(TOPIC, 'orders', ['retention.ms', 9, '1']), 'INVALID_REQUEST'],
  [alter(TOPIC, 'orders', ['flush.ms', SET, '1'], ['flush.ms', SET, '2']), 'INVALID_REQUEST'],
  [alter(TOPIC, 'orders', ['min.compaction.lag.ms', SET, '9'], ['max.compaction.lag.ms', SET, '8']), 'INVALID_CONFIG'],
  [alter(TOPIC, 'orders', ['remote.storage.enable', SET, 'true']), 'INVALID_CONFIG'],
  [alter(TOPIC, 'orders', ['leader.replication.throttled.replicas', SET, 'x'.repeat(40_000)]), 'INVALID_CONFIG'],
  [alter(TOPIC, 'nobody', ['retention.ms', SET, '1']), 'UNKNOWN_TOPIC_OR_PARTITION'],
  [alter(TOPIC, '', ['retention.ms', SET, '1']), 'INVALID_REQUEST'],
  [alter(BROKER, '1', ['node.id', SET, '4']), 'INVALID_REQUEST'],
  [alter(BROKER, '', ['log.retention.ms', SET, 'abc']), 'INVALID_REQUEST'],
  [alter(BROKER, '', ['log.segment.bytes', SET, '100']), 'INVALID_REQUEST'],
  [alter(BROKER, '', ['listeners', SET, 'PLAINTEXT://:1']), 'INVALID_REQUEST'],
  [alter(BROKER, '', ['ssl.keystore.location', SET, '/x']), 'INVALID_REQUEST'],
  [alter(BROKER, '9', ['log.retention.ms', SET, '5']), 'BROKER_ID_NOT_REGISTERED'],
  [alter(BROKER, 'x', ['log.retention.ms', SET, '5']), 'INVALID_REQUEST'],
  [alter(GROUP, 'g', ['consumer.session.timeout.ms', SET, '1']), 'INVALID_CONFIG'],
  [alter(GROUP, 'g', ['share.record.lock.duration.ms', SET, '4000000']), 'INVALID_CONFIG'],
  [alter(GROUP, 'g', ['nope', SET, '1']), 'INVALID_CONFIG'],
  [alter(GROUP, '', ['consumer.session.timeout.ms', SET, '50000']), 'INVALID_REQUEST'],
  [alter(CLIENT_METRICS, 'm', ['nope', SET, '1']), 'INVALID_REQUEST'],
  [alter(CLIENT_METRICS, 'm', ['interval.ms', SET, '1']), 'INVALID_REQUEST'],
  [alter(CLIENT_METRICS, 'm', ['match', SET, 'a']), 'INVALID_CONFIG'],
  [alter(BROKER_LOGGER, '1', ['x', SET, 'DEBUG']), 'INVALID_REQUEST'],
  [alter(99, 'x', ['x', SET, '1']), 'INVALID_REQUEST'],
]

test('what may not be changed is refused with its code and a sentence, and writes nothing', () => {
  for (const [request, code] of refused) {
    const { records, response } = withTopic().decide('incrementalAlterConfigs', request)
    const what = JSON.stringify(request.resources).slice(0, 120)
    assert.equal(response.responses[0]!.errorCode, ErrorCode[code], `${what}: ${response.responses[0]!.errorMessage}`)
    assert.ok(response.responses[0]!.errorMessage, what)
    assert.deepEqual(records, [], what)
  }
})

test('one bad key spoils its resource, not the others', () => {
  const scenario = withTopic()
  scenario.createTopics({ name: 'other' })
  const bad = alter(TOPIC, 'orders', ['flush.ms', SET, '5'], ['nope', SET, '1'])
  const good = alter(TOPIC, 'other', ['flush.ms', SET, '5'])
  const { records } = scenario.decide('incrementalAlterConfigs', {
    resources: [...bad.resources, ...good.resources],
    validateOnly: false,
  })
  assert.deepEqual(records, [config(TOPIC, 'other', 'flush.ms', '5')])
})

test('a resource named twice is refused', () => {
  const twice = alter(TOPIC, 'orders', ['flush.ms', SET, '5'])
  const { response } = withTopic().decide('incrementalAlterConfigs', {
    resources: [...twice.resources, ...twice.resources],
    validateOnly: false,
  })
  assert.deepEqual(
    response.responses.map((each) => each.errorCode),
    [ErrorCode.INVALID_REQUEST, ErrorCode.INVALID_REQUEST],
  )
})

test('with eligible leader replicas min.insync.replicas is the cluster’s or the topic’s, and changing it clears them', () => {
  const scenario = withTopic({ 'eligible.leader.replicas.version': 1 })
  const name = 'min.insync.replicas'
  const codeOf = (request: ReturnType<typeof alter>) =>
    scenario.decide('incrementalAlterConfigs', request).response.responses[0]!.errorCode
  assert.equal(codeOf(alter(BROKER, '1', [name, SET, '2'])), ErrorCode.INVALID_CONFIG)
  assert.equal(codeOf(alter(BROKER, '', [name, DELETE, null])), ErrorCode.INVALID_CONFIG)
  const cluster = scenario.submit('incrementalAlterConfigs', alter(BROKER, '', [name, SET, '2']))
  assert.deepEqual(cluster.records.at(-1), metadataRecord('ClearElr', { topicName: '' }))
  const topic = scenario.submit('incrementalAlterConfigs', alter(TOPIC, 'orders', [name, SET, '2']))
  assert.deepEqual(topic.records.at(-1), metadataRecord('ClearElr', { topicName: 'orders' }))
})

test('describing shows values, sources and synonyms as asked for', () => {
  const scenario = withTopic()
  scenario.submit('incrementalAlterConfigs', alter(BROKER, '', ['message.max.bytes', SET, '2000000']))
  const describe = (resourceType: number, resourceName: string, configurationKeys: string[] | null = null) =>
    describeConfigs(
      {
        resources: [{ resourceType, resourceName, configurationKeys }],
        includeSynonyms: true,
        includeDocumentation: false,
      },
      scenario.image,
      scenario.controller.state.settings,
    ).results[0]!
  assert.deepEqual(describe(TOPIC, 'orders', ['max.message.bytes']).configs, [
    {
      name: 'max.message.bytes',
      value: '2000000',
      readOnly: false,
      configSource: 3,
      isSensitive: false,
      synonyms: [
        { name: 'message.max.bytes', value: '2000000', source: 3 },
        { name: 'message.max.bytes', value: '1048588', source: 5 },
      ],
      configType: 3,
      documentation: null,
    },
  ])
  assert.equal(describe(TOPIC, 'orders').configs.length, 33 + Object.keys(SCHEMA_VALIDATION_TOPIC_CONFIGS).length)
  assert.equal(describe(GROUP, 'any').configs.length, 17)
  assert.deepEqual(
    describe(BROKER, '').configs.map((each) => each.name),
    ['message.max.bytes'],
  )
  assert.equal(describe(BROKER, '1', ['node.id']).configs[0]!.readOnly, true)
  assert.equal(describe(TOPIC, 'nobody').errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  assert.equal(describe(BROKER, '2').errorCode, ErrorCode.INVALID_REQUEST)
})
