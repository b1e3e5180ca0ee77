/**
 * Differences from Apache Kafka that are meant: each with the reason, and as narrow as it can be told.
 */
import type { Difference } from './twins.ts'

const UNKNOWN_SERVER_ERROR = -1
const CORRUPT_MESSAGE = 2
const TRANSACTIONAL_ID_AUTHORIZATION_FAILED = 53
const INVALID_CONFIG = 40
const INVALID_REQUEST = 42
const INVALID_RECORD = 87
const BROKER_ID_NOT_REGISTERED = 102

interface Allowance {
  /** An API's name, or `*`. */
  readonly api: string
  /** Of the answer's field. */
  readonly path: RegExp
  readonly when?: (difference: Omit<Difference, 'question'>, request: object, version: number) => boolean
  readonly reason: string
}

const ALLOWED: readonly Allowance[] = [
  {
    api: '*',
    path: /^$/,
    when: ({ kafka }) => kafka === 'silent',
    reason: 'what Apache Kafka never answers is answered',
  },
  {
    api: '*',
    path: / \(2\)$/,
    when: ({ kafka }) => kafka === undefined,
    reason: 'what is asked for twice is answered twice where that does no harm',
  },
  {
    api: 'DeleteRecords',
    path: /lowWatermark$/,
    when: (_, request) => /"partitionIndex":0.*"partitionIndex":0/.test(JSON.stringify(request)),
    reason: 'a partition named twice gets both offsets, one after the other',
  },
  {
    api: 'DeleteTopics',
    path: /^responses/,
    when: (_, request) => /gone.*gone|"name":"gone".*"topicId"/.test(JSON.stringify(request)),
    reason: 'a topic named twice is refused for each mention of it, by the name or id that was used',
  },
  {
    api: 'OffsetForLeaderEpoch',
    path: /(leaderEpoch|endOffset)$/,
    when: (_, request) => JSON.stringify(request).includes('"leaderEpoch":-2'),
    reason: 'there is no epoch -2',
  },
  {
    api: 'Produce',
    path: /^responses.spoilt-.*.36./,
    reason: 'a record with an offset before its batch is refused',
  },
  {
    api: 'Fetch',
    path: /^responses.spoilt-.*.36./,
    reason: 'the same, read back',
  },
  {
    api: 'Fetch',
    path: /^responses.spoilt-.*.20.records\[0\].(crc|maxTimestamp)$/,
    reason: "a batch is kept as it came: its maximum timestamp is the client's word",
  },
  {
    api: 'Fetch',
    path: /^responses.spoilt-stamped.*.19.records\[0\].attributes$/,
    reason: 'attributes without a meaning are kept as they came',
  },
  {
    api: 'IncrementalAlterConfigs',
    path: /errorCode$/,
    when: ({ kafka, braidlog }) => kafka === UNKNOWN_SERVER_ERROR && braidlog === INVALID_REQUEST,
    reason: "an operation that does not exist is the request's fault",
  },
  {
    api: 'IncrementalAlterConfigs',
    path: /errorCode$/,
    when: ({ kafka, braidlog }) => kafka === INVALID_CONFIG && braidlog === 0,
    reason: 'OPEN: patterns of client metrics subscriptions are not compiled before they are stored',
  },
  {
    api: 'IncrementalAlterConfigs',
    path: /4 2.errorCode$/,
    when: ({ kafka, braidlog }) => kafka === INVALID_REQUEST && braidlog === BROKER_ID_NOT_REGISTERED,
    reason: 'a broker that is not there is called so',
  },
  {
    api: 'AlterConfigs',
    path: /4 2.errorCode$/,
    when: ({ kafka, braidlog }) => kafka === INVALID_REQUEST && braidlog === BROKER_ID_NOT_REGISTERED,
    reason: 'a broker that is not there is called so',
  },
  {
    api: '*',
    path: /__(transaction|share_group)_state/,
    when: ({ braidlog }) => braidlog === undefined,
    reason: 'internal topics of coordinators that are not served are not made because a client names them',
  },
  {
    api: 'DescribeCluster',
    path: /^clusterId$/,
    when: ({ kafka }) => kafka === '' || kafka === 'string',
    reason: 'the cluster says who it is also in an answer that is an error',
  },
  {
    api: '*',
    path: /configs\/(?:braidlog|confluent)\./,
    when: ({ kafka }) => kafka === undefined,
    reason: 'configurations of our own, and those that Confluent Server has a name for',
  },
  {
    api: 'DescribeConfigs',
    path: /configs\/(log\.dirs|.*listeners|controller\.quorum\..*)\/.*value$/,
    reason: 'each server has its own ports and directory',
  },
  {
    api: 'Metadata',
    path: /^topics/,
    when: (_, request) => (request as { allowAutoTopicCreation?: boolean }).allowAutoTopicCreation === true,
    reason: 'a topic is made before the answer, which has it already',
  },
  {
    api: 'Metadata',
    path: /./,
    when: (_, request, version) => version < 12 && asksById(request),
    reason: 'topic ids are understood in every version that has them, where Apache Kafka refuses those before v12',
  },
  {
    api: 'Fetch',
    path: /records\[\d+\]$/,
    when: ({ kafka, braidlog }) => String(kafka).endsWith(' bytes of another batch') && braidlog === undefined,
    reason: 'responses hold whole batches: the start of one that does not fit is of no use',
  },
  {
    api: 'Fetch',
    path: /\/(highWatermark|lastStableOffset|logStartOffset)$/,
    when: ({ kafka }) => kafka === -1,
    reason: 'whoever asks for an offset out of range is told which there are',
  },
  {
    api: 'Fetch',
    path: /partitions\/-?\d+ \(2\)$/,
    when: ({ kafka }) => kafka === undefined,
    reason: 'a partition asked for twice is answered twice',
  },
  {
    api: 'Fetch',
    path: /^nodeEndpoints|currentLeader/,
    when: ({ kafka }) => kafka === undefined || kafka === -1,
    reason: 'a hint at the leader comes with every error that needs one',
  },
  {
    api: 'Produce',
    path: /spoilt-(plain|compacted|stamped) no id.partitionResponses.(14|15|32)./,
    reason:
      'what only servers set in a batch is refused, as are bytes behind it: a timestamp type where it would be kept, a delete horizon, the start of another batch',
  },
  {
    api: 'Fetch',
    path: /spoilt-(plain|compacted|stamped) no id.partitions.(14|15|32)./,
    reason: 'the batches that only one of the two has taken, as above',
  },
  {
    api: 'Produce',
    path: /errorCode$/,
    when: ({ kafka, braidlog }) => kafka === UNKNOWN_SERVER_ERROR && braidlog !== 0,
    reason: 'what Apache Kafka fails on is refused with the code that says why',
  },
  {
    api: 'Produce',
    path: /errorCode$/,
    when: ({ kafka, braidlog }) =>
      [kafka, braidlog].every((code) => code === CORRUPT_MESSAGE || code === INVALID_RECORD),
    reason: 'both refuse it; what a client would only send again the same is called invalid, not corrupt',
  },
  {
    api: 'Produce',
    path: /errorCode$/,
    when: ({ kafka, braidlog }) => kafka === TRANSACTIONAL_ID_AUTHORIZATION_FAILED && braidlog === INVALID_RECORD,
    reason: 'a transactional batch without a transactional id is malformed, whoever may write',
  },
  {
    api: 'Produce',
    path: /(logStartOffset|recordErrors.*)$/,
    when: ({ kafka, braidlog }) => [kafka, braidlog].includes(-1) || kafka === undefined || braidlog === undefined,
    reason: 'details of a refusal that goes by another code',
  },
  {
    api: 'ApiVersions',
    path: /^apiKeys\/\d+$/,
    when: ({ braidlog }) => braidlog === undefined,
    reason: 'what is not served is not advertised',
  },
]

function asksById(request: object): boolean {
  const { topics } = request as { topics: readonly { topicId?: string }[] | null }
  return topics?.some(({ topicId }) => topicId !== undefined) ?? false
}

/** @returns why the difference may be, `undefined` when it may not */
export function allowance(
  api: string,
  version: number,
  difference: Omit<Difference, 'question'>,
  request: object,
): string | undefined {
  return ALLOWED.find(
    (each) =>
      (each.api === '*' || each.api === api) &&
      each.path.test(difference.path) &&
      (each.when === undefined || each.when(difference, request, version)),
  )?.reason
}
