/**
 * The one error class of the client. Its `code` says what happened, `retriable` whether the same call may succeed later
 * (the client has already retried within the call's own bound), `fatal` whether the object that raised it is done for.
 *
 * Codes are Kafka's error names when a broker answered, and the names of {@link ClientErrorCode} when the client itself
 * gave up. A call on several items fails with the detail of each item in `details`: nothing is thrown away.
 */
import { errorFacts, ERRORS, type ErrorName } from '@braidlog/model/nouns'

/** What the client itself can find wrong. */
export type ClientErrorCode =
  /** The call's `timeoutMs` (or `deliveryTimeoutMs`) ran out. */
  | 'TIMED_OUT'
  /** The call's `signal` was aborted; `cause` is its reason. */
  | 'ABORTED'
  /** The client, producer or consumer was closed. */
  | 'CLOSED'
  /** No broker could be reached, or the connection broke. */
  | 'CONNECTION_FAILED'
  /** The broker answered something that is not the protocol. */
  | 'PROTOCOL_VIOLATION'
  /** A wrong option or argument; the message names it. */
  | 'INVALID_OPTION'
  /** An option of Apache Kafka's clients that this version does not offer. */
  | 'UNSUPPORTED_OPTION'
  /** The broker has no version of the API that we speak. */
  | 'UNSUPPORTED_API'
  /** More records wait for memory than the producer keeps; wait for `send` or `drained()` before sending more. */
  | 'BUFFER_FULL'
  /** A serializer threw, or its result does not fit. */
  | 'SERIALIZATION_FAILED'
  /** A deserializer threw; `details` names the partition and the offset. */
  | 'DESERIALIZATION_FAILED'
  /** A batch does not match its checksum or cannot be decoded. */
  | 'CORRUPT_BATCH'
  /** There is no offset to start from and `autoOffsetReset` is `none`. */
  | 'NO_OFFSET'
  /** The log lost records that this consumer had already read, and `autoOffsetReset` is `none` (KIP-320). */
  | 'LOG_TRUNCATED'
  /** The partition is not assigned to this consumer. */
  | 'NOT_ASSIGNED'
  /** Some items of a call failed with different codes; see `details`. */
  | 'PARTIAL_FAILURE'

export type KafkaErrorCode = ErrorName | ClientErrorCode

/** One item of a call on several items: a topic, a partition, a group, a configuration resource. */
export interface ErrorDetail {
  /** What the item is called: `orders`, `orders-3`, `billing`. */
  readonly item: string
  readonly topic?: string | undefined
  readonly partition?: number | undefined
  readonly offset?: bigint | undefined
  /** `null` when this item succeeded. */
  readonly error: KafkaError | null
}

export interface KafkaErrorOptions {
  readonly retriable?: boolean
  readonly fatal?: boolean
  readonly details?: readonly ErrorDetail[]
  readonly cause?: unknown
}

export class KafkaError extends Error {
  override readonly name = 'KafkaError'
  readonly code: KafkaErrorCode
  /** Trying again may help. */
  readonly retriable: boolean
  /** The producer, consumer or member that raised it cannot go on. */
  readonly fatal: boolean
  /** One entry per item of the call, failed or not; empty when the call had a single item. */
  readonly details: readonly ErrorDetail[]

  constructor(code: KafkaErrorCode, message: string, options: KafkaErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retriable = options.retriable ?? isRetriable(code)
    this.fatal = options.fatal ?? FATAL.has(code)
    this.details = options.details ?? []
  }

  /** True for errors of this package, whichever copy of it raised them. */
  static is(error: unknown): error is KafkaError {
    return error instanceof Error && error.name === 'KafkaError' && 'code' in error
  }

  /** `instanceof` means the same: the packed testkit has a client of its own beside the one that a test imports. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return KafkaError.is(value)
  }
}

const CLIENT_RETRIABLE = new Set<KafkaErrorCode>(['TIMED_OUT', 'CONNECTION_FAILED', 'BUFFER_FULL'])

/** After these the producer or the member cannot go on, whatever it does. */
const FATAL = new Set<KafkaErrorCode>([
  'CLOSED',
  'PRODUCER_FENCED',
  'FENCED_INSTANCE_ID',
  'UNSUPPORTED_API',
  'CLUSTER_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'INCONSISTENT_GROUP_PROTOCOL',
  'INVALID_SESSION_TIMEOUT',
  'GROUP_MAX_SIZE_REACHED',
])

/** Not retriable for Apache Kafka's classes, but gone after a while for a caller that asks again. */
const PASSING = new Set<KafkaErrorCode>(['BROKER_NOT_AVAILABLE', 'REBALANCE_IN_PROGRESS'])

const RETRIABLE = new Set<KafkaErrorCode>([
  ...ERRORS.filter(({ retriable }) => retriable).map(({ name }) => name),
  ...PASSING,
  ...CLIENT_RETRIABLE,
])

export function isRetriable(code: KafkaErrorCode): boolean {
  return RETRIABLE.has(code)
}

/** Kafka's name of an error code; a code newer than this client counts as UNKNOWN_SERVER_ERROR. */
export function errorNameOf(code: number): ErrorName {
  return errorFacts(code).name
}

/** The error that a broker's code stands for. `what` names the item or the call; `message` is the broker's own text. */
export function brokerError(
  code: number,
  what: string,
  message?: string | null,
  options?: KafkaErrorOptions,
): KafkaError {
  const name = errorNameOf(code)
  const known = errorFacts(code).code === code ? '' : ` (${code})`
  return new KafkaError(name, `${what}: ${name}${known}${message ? `: ${message}` : ''}`, options)
}

/** The error of a call of which some items failed: the item's own code when they agree, else PARTIAL_FAILURE. */
export function itemsError(call: string, details: readonly ErrorDetail[]): KafkaError {
  const failed = details.filter((detail) => detail.error !== null)
  const first = failed[0]!.error!
  if (failed.length === 1) {
    return new KafkaError(first.code, first.message, {
      retriable: first.retriable,
      fatal: first.fatal,
      details,
      cause: first.cause,
    })
  }
  const same = failed.every((detail) => detail.error!.code === first.code)
  const listed = failed.slice(0, 5).map((detail) => `${detail.item}: ${detail.error!.code}`)
  if (failed.length > listed.length) listed.push(`and ${failed.length - listed.length} more`)
  return new KafkaError(
    same ? first.code : 'PARTIAL_FAILURE',
    `${call}: ${failed.length} of ${details.length} failed (${listed.join(', ')})`,
    { retriable: failed.every((detail) => detail.error!.retriable), details },
  )
}
