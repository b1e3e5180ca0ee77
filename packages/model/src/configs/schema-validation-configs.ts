/**
 * Keys by which a broker refuses records that no registered schema describes.
 *
 * Where Confluent Server has a name for a thing it is taken over, so that topics and files that are there already mean
 * here what they mean there; the rest is ours. A broker of Apache Kafka ignores them all.
 */
import { atLeast, oneOf } from './checks.ts'
import { boolean, int, javaClass, list, long, password, string, type ConfigValues } from './definition.ts'

const STRATEGY_PACKAGE = 'io.confluent.kafka.serializers.subject.'

const STRATEGIES = {
  TopicNameStrategy: 'topic',
  RecordNameStrategy: 'record',
  TopicRecordNameStrategy: 'topic-record',
} as const

/** How the subject of a record follows: `<topic>-value`, the record's full name, `<topic>-<full name>`. */
export type SubjectNameStrategy = (typeof STRATEGIES)[keyof typeof STRATEGIES]

const DEFAULT_STRATEGY = `${STRATEGY_PACKAGE}TopicNameStrategy`

const strategyName = oneOf(
  ...Object.keys(STRATEGIES).map((name) => STRATEGY_PACKAGE + name),
  ...Object.keys(STRATEGIES),
)

export const SCHEMA_VALIDATION_TOPIC_CONFIGS = {
  'confluent.key.schema.validation': boolean({
    default: false,
    importance: 'high',
    doc: 'Refuse records whose key has no schema id that the registry knows under the subject of the keys.',
  }),
  'confluent.value.schema.validation': boolean({
    default: false,
    importance: 'high',
    doc: 'Refuse records whose value has no schema id that the registry knows under the subject of the values.',
  }),
  'confluent.key.subject.name.strategy': javaClass({
    default: DEFAULT_STRATEGY,
    importance: 'medium',
    check: strategyName,
    doc: 'How the subject of a key follows from topic and record; the name of the class, with or without its package.',
  }),
  'confluent.value.subject.name.strategy': javaClass({
    default: DEFAULT_STRATEGY,
    importance: 'medium',
    check: strategyName,
    doc: 'How the subject of a value follows from topic and record; the name of the class, with or without its package.',
  }),
  'braidlog.key.schema.payload.validation': boolean({
    default: false,
    importance: 'medium',
    doc: 'Refuse records whose key does not decode with the schema it names. Includes the check of the id.',
  }),
  'braidlog.value.schema.payload.validation': boolean({
    default: false,
    importance: 'medium',
    doc: 'Refuse records whose value does not decode with the schema it names. Includes the check of the id.',
  }),
} as const

export const SCHEMA_VALIDATION_BROKER_CONFIGS = {
  'confluent.schema.registry.url': list({
    default: [],
    importance: 'high',
    doc: 'Where the schema registry is that topics with schema validation are checked against; several instances, in the order of preference.',
  }),
  'confluent.basic.auth.user.info': password({
    default: null,
    importance: 'medium',
    doc: 'User and password for the schema registry, as user:password.',
  }),
  'confluent.bearer.auth.token': password({
    default: null,
    importance: 'medium',
    doc: 'Bearer token for the schema registry; wins over confluent.basic.auth.user.info.',
  }),
  'braidlog.schema.registry.timeout.ms': int({
    default: 3_000,
    importance: 'medium',
    check: atLeast(1),
    doc: 'How long a produce waits for the schema registry at most; after that, braidlog.schema.registry.outage decides.',
  }),
  'braidlog.schema.registry.outage': string({
    default: 'refuse',
    importance: 'medium',
    check: oneOf('refuse', 'accept'),
    doc:
      'What happens to records whose schema cannot be looked up because no registry answers: refuse, with an error that ' +
      'producers retry; accept, as if nothing were checked.',
  }),
  'braidlog.schema.cache.size': int({
    default: 10_000,
    importance: 'low',
    check: atLeast(1_000),
    doc: 'Most schemas of the registry that are remembered.',
  }),
  'braidlog.schema.cache.ms': long({
    default: 3_600_000,
    importance: 'low',
    check: atLeast(0),
    doc: 'How long a schema is remembered: until then its deletion is not noticed.',
  }),
  'braidlog.schema.cache.unknown.ms': long({
    default: 5_000,
    importance: 'low',
    check: atLeast(0),
    doc: 'How long it is remembered that the registry does not know an id, or not under the subject.',
  }),
} as const

/** What is asked of the keys or of the values of a topic. */
export interface SchemaRule {
  readonly subjectName: SubjectNameStrategy
  /** Decode the record, and not only look at its id. */
  readonly payload: boolean
}

export interface SchemaRules {
  readonly key: SchemaRule | undefined
  readonly value: SchemaRule | undefined
}

/** @returns `undefined` for most topics: nothing is asked of their records */
export function schemaRulesOf(values: ConfigValues<typeof SCHEMA_VALIDATION_TOPIC_CONFIGS>): SchemaRules | undefined {
  const key = ruleOf(values['confluent.key.schema.validation'], values['braidlog.key.schema.payload.validation'], {
    strategy: values['confluent.key.subject.name.strategy'],
  })
  const value = ruleOf(
    values['confluent.value.schema.validation'],
    values['braidlog.value.schema.payload.validation'],
    { strategy: values['confluent.value.subject.name.strategy'] },
  )
  return key === undefined && value === undefined ? undefined : { key, value }
}

function ruleOf(id: boolean, payload: boolean, { strategy }: { readonly strategy: string }): SchemaRule | undefined {
  if (!id && !payload) return undefined
  const name = strategy.slice(strategy.lastIndexOf('.') + 1) as keyof typeof STRATEGIES
  return { subjectName: STRATEGIES[name], payload }
}
