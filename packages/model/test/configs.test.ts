/** Configuration tables: what they hold, how text becomes values, and which value is in force. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import {
  BRAIDLOG_CONFIGS,
  BROKER_CONFIGS,
  brokerConfigSynonyms,
  CLIENT_METRICS_CONFIGS,
  ConfigSource,
  describeBrokerConfigs,
  describeGroupConfigs,
  describeTopicConfigs,
  formatConfigValue,
  GROUP_CONFIGS,
  nearestConfigName,
  parseConfigs,
  parseConfigValue,
  resolveBrokerConfig,
  resolveBrokerConfigs,
  type BrokerConfigs,
  resolveTopicConfigs,
  SCHEMA_VALIDATION_BROKER_CONFIGS,
  SCHEMA_VALIDATION_TOPIC_CONFIGS,
  schemaRulesOf,
  TOPIC_CONFIG_SYNONYMS,
  TOPIC_CONFIGS,
  type BrokerConfigLayers,
  type ConfigKey,
  type ConfigTable,
} from '../src/index.ts'

const TABLES: readonly ConfigTable[] = [BROKER_CONFIGS, TOPIC_CONFIGS, GROUP_CONFIGS, CLIENT_METRICS_CONFIGS]

function layers(more: { [K in keyof BrokerConfigLayers]?: Record<string, string> } = {}): BrokerConfigLayers {
  const map = (texts: Record<string, string> = {}) => new Map(Object.entries(texts))
  return {
    dynamicBroker: map(more.dynamicBroker),
    dynamicDefault: map(more.dynamicDefault),
    staticBroker: map(more.staticBroker),
  }
}

/** Not of Apache Kafka: under our own prefix, or where Confluent Server has a name for the thing, under that. */
const isOwn = (name: string): boolean => /^(?:braidlog|confluent)\./.test(name)
const ownOf = (table: ConfigTable): string[] => Object.keys(table).filter(isOwn)

test('the tables have the keys of Apache Kafka 4.3, and our own', () => {
  assert.deepEqual(
    TABLES.map((table) => Object.keys(table).length - ownOf(table).length),
    [360, 34, 17, 3],
  )
  assert.deepEqual(ownOf(BROKER_CONFIGS), Object.keys({ ...BRAIDLOG_CONFIGS, ...SCHEMA_VALIDATION_BROKER_CONFIGS }))
  assert.deepEqual(ownOf(TOPIC_CONFIGS), Object.keys(SCHEMA_VALIDATION_TOPIC_CONFIGS))
})

test('a topic asks for the schemas of its records by the names of Confluent Server, or by ours for the payload', () => {
  const rules = (configs: Record<string, string>) =>
    schemaRulesOf(resolveTopicConfigs(new Map(Object.entries(configs)), layers()))
  assert.equal(rules({}), undefined)
  assert.deepEqual(rules({ 'confluent.value.schema.validation': 'true' }), {
    key: undefined,
    value: { subjectName: 'topic', payload: false },
  })
  const strategy = 'io.confluent.kafka.serializers.subject.TopicRecordNameStrategy'
  assert.deepEqual(
    rules({
      'braidlog.key.schema.payload.validation': 'true',
      'confluent.key.subject.name.strategy': 'RecordNameStrategy',
      'confluent.value.schema.validation': 'true',
      'confluent.value.subject.name.strategy': strategy,
    }),
    { key: { subjectName: 'record', payload: true }, value: { subjectName: 'topic-record', payload: false } },
  )
})

test('every default passes its own check, and its text reads back', () => {
  for (const table of TABLES) {
    for (const [name, key] of Object.entries<ConfigKey>(table)) {
      const text = formatConfigValue(key.type, key.default)
      if (text === null) continue
      assert.deepEqual(parseConfigValue(name, key, text), { ok: true, value: key.default }, name)
    }
  }
})

test('every synonym is a key of the broker, of the type of the topic key', () => {
  for (const [name, synonyms] of Object.entries(TOPIC_CONFIG_SYNONYMS)) {
    for (const synonym of synonyms) {
      const key = (BROKER_CONFIGS as ConfigTable)[synonym.name]
      assert.ok(key, synonym.name)
      if (synonym.factor === 1) assert.equal(key.type, (TOPIC_CONFIGS as ConfigTable)[name]!.type, name)
    }
  }
})

test('values are read as Apache Kafka reads them', () => {
  const cases: readonly (readonly [keyof typeof BROKER_CONFIGS, string, unknown])[] = [
    ['auto.create.topics.enable', ' TRUE ', true],
    ['num.partitions', ' +7 ', 7],
    ['log.retention.ms', '9223372036854775807', Infinity],
    ['log.retention.bytes', '9007199254740993', Infinity],
    ['log.retention.bytes', '-1', -1],
    ['log.cleaner.min.cleanable.ratio', '.25', 0.25],
    ['log.cleanup.policy', ' compact , delete ', ['compact', 'delete']],
    ['log.cleanup.policy', '', []],
    ['broker.rack', ' a b ', 'a b'],
  ]
  for (const [name, text, value] of cases) {
    assert.deepEqual(parseConfigValue(name, BROKER_CONFIGS[name] as ConfigKey, text), { ok: true, value }, name)
  }
})

test('wrong values are refused in a sentence that begins with the key', () => {
  const cases: readonly (readonly [keyof typeof BROKER_CONFIGS, string, RegExp])[] = [
    ['num.partitions', '0', /^num\.partitions must be at least 1, not 0$/],
    ['num.partitions', '2147483648', /^num\.partitions must be a whole number between/],
    ['num.partitions', '1.5', /not "1\.5"$/],
    ['log.retention.ms', '9223372036854775808', /64 bits/],
    ['log.retention.ms', 'seven', /^log\.retention\.ms must be a whole number/],
    ['auto.create.topics.enable', 'yes', /true or false, not "yes"/],
    ['log.cleaner.min.cleanable.ratio', '2', /between 0 and 1/],
    ['log.cleaner.min.cleanable.ratio', 'NaN', /a number/],
    ['log.cleanup.policy', 'compact,keep', /not "keep"/],
    ['compression.type', 'brotli', /one of .*zstd/],
    ['compression.gzip.level', '0', /-1 or between 1 and 9/],
    ['controller.quorum.voters', '1@host', /id@host:port/],
    ['controller.quorum.bootstrap.servers', 'host', /host:port/],
    ['process.roles', 'zookeeper', /may hold broker, controller/],
    ['braidlog.durability', 'maybe', /one of durable, page-cache/],
  ]
  for (const [name, text, message] of cases) {
    const parsed = parseConfigValue(name, BROKER_CONFIGS[name] as ConfigKey, text)
    assert.ok(!parsed.ok, name)
    assert.match(parsed.error, message)
  }
})

test('no text makes parsing throw, and what parses prints and parses again', () => {
  const names = Object.keys(BROKER_CONFIGS) as (keyof typeof BROKER_CONFIGS)[]
  const text = fc.oneof(fc.string(), fc.integer().map(String), fc.bigInt().map(String), fc.double().map(String))
  fc.assert(
    fc.property(fc.constantFrom(...names), text, (name, value) => {
      const key = BROKER_CONFIGS[name] as ConfigKey
      const parsed = parseConfigValue(name, key, value)
      if (!parsed.ok) return assert.ok(parsed.error.startsWith(name))
      const again = parseConfigValue(name, key, formatConfigValue(key.type, parsed.value)!)
      assert.deepEqual(again, parsed)
    }),
  )
})

test('a password that is wrong is not shown', () => {
  const key: ConfigKey = { ...BROKER_CONFIGS['sasl.jaas.config'], check: () => 'is wrong' } as ConfigKey
  const parsed = parseConfigValue('sasl.jaas.config', key, 'secret')
  assert.ok(!parsed.ok && !parsed.error.includes('secret'))
})

test('a whole file: values, problems and unknown keys with the nearest name', () => {
  const { values, problems, unknown } = parseConfigs(
    BROKER_CONFIGS,
    new Map([
      ['node.id', '1'],
      ['process.roles', 'broker,controller'],
      ['num.partitions', 'many'],
      ['log.retention.hour', '1'],
      ['num_network_threads', '1'],
      ['my.plugin.setting', '1'],
    ]),
  )
  assert.equal(values['node.id'], 1)
  assert.equal(values['num.partitions'], 1)
  assert.equal(values['log.flush.interval.messages'], Infinity)
  assert.deepEqual(
    problems.map((problem) => problem.key),
    ['controller.listener.names', 'num.partitions'].toSorted((a, b) => order(a) - order(b)),
  )
  assert.deepEqual(unknown, [
    { key: 'log.retention.hour', nearest: 'log.retention.hours' },
    { key: 'num_network_threads', nearest: 'num.network.threads' },
    { key: 'my.plugin.setting', nearest: undefined },
  ])
})

function order(name: string): number {
  return Object.keys(BROKER_CONFIGS).indexOf(name)
}

test('a name is suggested only when it is near', () => {
  assert.equal(nearestConfigName(TOPIC_CONFIGS, 'retention'), 'retention.ms')
  assert.equal(nearestConfigName(TOPIC_CONFIGS, 'Cleanup.Policy'), 'cleanup.policy')
  assert.equal(nearestConfigName(TOPIC_CONFIGS, 'completely different'), undefined)
})

test('a topic takes the finest value that is set: its own, this broker’s, all brokers’, the file’s, the default', () => {
  const steps: readonly (readonly [Parameters<typeof layers>[0], Record<string, string>, number])[] = [
    [{}, {}, 604_800_000],
    [{ staticBroker: { 'log.retention.hours': '2' } }, {}, 7_200_000],
    [{ staticBroker: { 'log.retention.hours': '2', 'log.retention.minutes': '3' } }, {}, 180_000],
    [{ staticBroker: { 'log.retention.hours': '2', 'log.retention.ms': '4' } }, {}, 4],
    [{ staticBroker: { 'log.retention.ms': '4' }, dynamicDefault: { 'log.retention.ms': '5' } }, {}, 5],
    [{ dynamicDefault: { 'log.retention.ms': '5' }, dynamicBroker: { 'log.retention.ms': '6' } }, {}, 6],
    [{ dynamicBroker: { 'log.retention.ms': '6' } }, { 'retention.ms': '7' }, 7],
    [{ staticBroker: { 'log.retention.hours': '-1' } }, {}, -1],
  ]
  for (const [broker, overrides, expected] of steps) {
    const values = resolveTopicConfigs(new Map(Object.entries(overrides)), layers(broker))
    assert.equal(values['retention.ms'], expected)
  }
})

test('dynamic values do not change what only a restart may', () => {
  const values = resolveBrokerConfigs(
    layers({
      dynamicBroker: { 'num.partitions': '9', 'log.cleaner.threads': '9' },
      staticBroker: { 'num.partitions': '2' },
    }),
  )
  assert.equal(values['num.partitions'], 2)
  assert.equal(values['log.cleaner.threads'], 9)
})

test('one value of a broker is that of all', () => {
  const sources = layers({
    dynamicBroker: { 'log.cleaner.backoff.ms': '7', 'num.partitions': '9' },
    dynamicDefault: { 'log.cleaner.dedupe.buffer.size': '1000000' },
    staticBroker: { 'num.partitions': '2', 'log.cleaner.io.buffer.load.factor': '0.5' },
  })
  for (const [name, value] of Object.entries(resolveBrokerConfigs(sources))) {
    assert.deepEqual(resolveBrokerConfig(name as keyof BrokerConfigs, sources), value, name)
  }
})

test('topics are described as Apache Kafka describes them', () => {
  const described = describeTopicConfigs(
    new Map([
      ['cleanup.policy', 'compact,delete'],
      ['retention.ms', '222222'],
    ]),
    layers({ dynamicDefault: { 'message.max.bytes': '2000000' } }),
  )
  const shown = (name: string) => {
    const { value, source, synonyms } = described.find((config) => config.name === name)!
    return [value, source, synonyms.map((each) => `${each.name}=${each.value}:${each.source}`)]
  }
  assert.equal(described.length, 33 + ownOf(TOPIC_CONFIGS).length, 'all but the internal one')
  const { TOPIC_CONFIG, DEFAULT_CONFIG, DYNAMIC_DEFAULT_BROKER_CONFIG } = ConfigSource
  assert.deepEqual(shown('cleanup.policy'), [
    'compact,delete',
    TOPIC_CONFIG,
    ['cleanup.policy=compact,delete:1', 'log.cleanup.policy=delete:5'],
  ])
  assert.deepEqual(shown('retention.ms'), ['222222', TOPIC_CONFIG, ['retention.ms=222222:1']])
  assert.deepEqual(shown('segment.ms'), ['604800000', DEFAULT_CONFIG, []])
  assert.deepEqual(shown('flush.ms'), ['9223372036854775807', DEFAULT_CONFIG, []])
  assert.deepEqual(shown('min.cleanable.dirty.ratio'), [
    '0.5',
    DEFAULT_CONFIG,
    ['log.cleaner.min.cleanable.ratio=0.5:5'],
  ])
  assert.deepEqual(shown('max.message.bytes'), [
    '2000000',
    DYNAMIC_DEFAULT_BROKER_CONFIG,
    ['message.max.bytes=2000000:3', 'message.max.bytes=1048588:5'],
  ])
})

test('a broker is described with its secrets and what nobody knows hidden', () => {
  const described = describeBrokerConfigs(
    layers({ staticBroker: { 'node.id': '1', 'ssl.key.password': 'hunter2', 'super.users': 'User:admin' } }),
  )
  const find = (name: string) => described.find((config) => config.name === name)!
  const own = ownOf(BROKER_CONFIGS).length
  assert.equal(described.length, 340 + own + 1, 'public keys of Apache Kafka, our own, and the unknown one')
  assert.deepEqual([find('node.id').value, find('node.id').readOnly], ['1', true])
  assert.deepEqual([find('log.retention.ms').value, find('log.retention.ms').synonyms], [null, []])
  assert.equal(find('log.cleaner.io.max.bytes.per.second').value, '1.7976931348623157E308')
  for (const name of ['ssl.key.password', 'super.users']) {
    const { value, isSensitive, synonyms } = find(name)
    assert.deepEqual([value, isSensitive, synonyms.map((each) => each.value)], [null, true, [null]])
  }
  assert.ok(!JSON.stringify(described).includes('hunter2'))
})

test('a limit that is set only while brokers run is shown with who set it, and not when nobody did', () => {
  const key = 'leader.replication.throttled.rate'
  const shown = (...values: Parameters<typeof layers>) => {
    const found = describeBrokerConfigs(layers(...values)).find(({ name }) => name === key)
    return found && [found.value, found.isSensitive, found.synonyms.map(({ value, source }) => `${value}:${source}`)]
  }
  assert.equal(shown({}), undefined)
  const { DYNAMIC_BROKER_CONFIG, DYNAMIC_DEFAULT_BROKER_CONFIG } = ConfigSource
  assert.deepEqual(shown({ dynamicBroker: { [key]: '7' }, dynamicDefault: { [key]: '9' } }), [
    '7',
    false,
    [`7:${DYNAMIC_BROKER_CONFIG}`, `9:${DYNAMIC_DEFAULT_BROKER_CONFIG}`],
  ])
})

test('groups take the broker’s values as defaults', () => {
  const described = describeGroupConfigs(
    new Map([['consumer.session.timeout.ms', '50000']]),
    layers({ staticBroker: { 'group.consumer.heartbeat.interval.ms': '7000' } }),
  )
  const shown = (name: string) => {
    const { value, synonyms } = described.find((config) => config.name === name)!
    return [value, synonyms.map((each) => `${each.name}=${each.value}:${each.source}`)]
  }
  assert.deepEqual(shown('consumer.session.timeout.ms'), [
    '50000',
    ['consumer.session.timeout.ms=50000:8', 'group.consumer.session.timeout.ms=45000:5'],
  ])
  assert.equal(shown('consumer.heartbeat.interval.ms')[0], '7000')
  assert.deepEqual(shown('share.isolation.level'), ['read_uncommitted', ['share.isolation.level=read_uncommitted:5']])
})

test('broker keys with an older form name it as their synonym', () => {
  assert.deepEqual(brokerConfigSynonyms('log.roll.ms'), ['log.roll.ms', 'log.roll.hours'])
  assert.deepEqual(brokerConfigSynonyms('log.flush.scheduler.interval.ms'), ['log.flush.scheduler.interval.ms'])
  assert.deepEqual(brokerConfigSynonyms('node.id'), ['node.id'])
})
