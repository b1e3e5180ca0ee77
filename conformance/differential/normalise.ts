/**
 * Answers in a form in which two servers can be compared: what each chooses for itself (ids, ports, clocks, wording) gives
 * way to a word for it, sets of things get an order, record batches are told field by field.
 *
 * Invariant: a word stands for one value. Ids are known by the name they came with, or by the order in which they first
 * came, so that an answer that mixes up two ids still differs.
 */
import { nodeCodecs } from '@braidlog/runtime'
import {
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchBaseTimestamp,
  batchCrc,
  batchLastOffsetDelta,
  batchLeaderEpoch,
  batchMagic,
  batchMaxTimestamp,
  batchPositions,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  batchSizeBytes,
  compressionOf,
  isCompressed,
  openBatch,
  timestampTypeOf,
  viewOf,
} from '@braidlog/records'
import { ZERO_UUID } from '@braidlog/model'

/** Of no topic. */
export const UNKNOWN_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAaQ'

/** What one server's values are called. */
export class Names {
  readonly #port: number
  readonly #topicNames = new Map<string, string>()
  readonly #topicIds = new Map<string, string>()
  readonly #words = new Map<string, Map<unknown, string>>()

  constructor(port: number) {
    this.#port = port
  }

  /** @returns the newest id that a topic of this name had */
  topicId(name: string): string {
    const id = this.#topicIds.get(name)
    if (id === undefined) throw new Error(`no id of topic ${name} has been seen`)
    return id
  }

  /** @returns the value that is called so, for instance `real('producerId', 'producerId 1')` */
  real(kind: string, word: string): unknown {
    for (const [value, known] of this.#words.get(kind) ?? []) if (known === word) return value
    throw new Error(`nothing is called ${word}`)
  }

  normalise(value: unknown, key = ''): unknown {
    if (value instanceof Uint8Array) {
      return key === 'records' ? this.#records(value) : `${value.length} bytes ${Buffer.from(value).toString('hex')}`
    }
    if (Array.isArray(value)) return told(value.map((each) => this.normalise(each, key)))
    if (typeof value === 'object' && value !== null) {
      this.#learn(value as Record<string, unknown>)
      return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, this.normalise(each, name)]))
    }
    switch (key) {
      case 'topicId':
        return value === ZERO_UUID ? 'no id' : `id of ${this.#topicNames.get(value as string) ?? 'an unknown topic'}`
      case 'port':
        return value === this.#port ? 'its port' : value
      case 'clusterId':
      case 'brokerEpoch':
      case 'finalizedFeaturesEpoch':
      case 'logDir':
        return typeof value
      case 'abortedTransactions':
        return value ?? {}
      case 'totalBytes':
      case 'usableBytes':
        return Math.sign(value as number)
      case 'errorMessage':
      case 'batchIndexErrorMessage':
        return 'in its own words'
      case 'logAppendTimeMs':
        return value === -1 ? value : 'now'
      case 'producerId':
      case 'sessionId':
        return (value as number) <= 0 && !(key === 'producerId' && value === 0) ? value : this.#word(key, value)
      case 'memberId':
        return value === '' ? value : this.#word(key, value)
      default:
        return value
    }
  }

  #word(kind: string, value: unknown): string {
    let words = this.#words.get(kind)
    if (words === undefined) this.#words.set(kind, (words = new Map()))
    let word = words.get(value)
    if (word === undefined) words.set(value, (word = `${kind} ${words.size + 1}`))
    return word
  }

  #learn({ topicId, name, topicName, topic }: Record<string, unknown>): void {
    const known = [name, topicName, topic].find((each) => typeof each === 'string' && each !== '')
    if (
      typeof topicId !== 'string' ||
      topicId === ZERO_UUID ||
      topicId === UNKNOWN_TOPIC_ID ||
      typeof known !== 'string'
    )
      return
    this.#topicNames.set(topicId, known)
    this.#topicIds.set(known, topicId)
  }

  #records(bytes: Uint8Array): unknown {
    const view = viewOf(bytes)
    const parts: unknown[] = []
    let end = 0
    for (const at of batchPositions(view)) {
      const attributes = batchAttributes(view, at)
      const ownTime = timestampTypeOf(attributes) === 'LogAppendTime'
      const packed = isCompressed(attributes)
      parts.push({
        baseOffset: batchBaseOffset(view, at),
        leaderEpoch: batchLeaderEpoch(view, at),
        magic: batchMagic(view, at),
        attributes,
        compression: compressionOf(attributes),
        lastOffsetDelta: batchLastOffsetDelta(view, at),
        // Compressors differ in their bytes, clocks in their time, and the checksum with them.
        crc: packed || ownTime ? 'own' : batchCrc(view, at),
        sizeBytes: packed ? 'own' : batchSizeBytes(view, at),
        baseTimestamp: batchBaseTimestamp(view, at),
        maxTimestamp: ownTime ? 'now' : batchMaxTimestamp(view, at),
        producerId: this.normalise(batchProducerId(view, at), 'producerId'),
        producerEpoch: batchProducerEpoch(view, at),
        baseSequence: batchBaseSequence(view, at),
        recordCount: batchRecordCount(view, at),
        records: recordsIn(bytes, view, at, ownTime),
      })
      end = at + batchSizeBytes(view, at)
    }
    return end === bytes.length ? parts : [...parts, `${bytes.length - end} bytes of another batch`]
  }
}

/** What our own reader refuses is told as such: what the log holds was let in by the server. */
function recordsIn(bytes: Uint8Array, view: DataView, at: number, ownTime: boolean): unknown {
  try {
    return [...openBatch(bytes, view, at, { codecs: nodeCodecs })].map((record) => [
      record.offset,
      ownTime ? 'now' : record.timestampMs,
      text(record.key),
      text(record.value),
      record.headers.map(({ key, value }) => [key, text(value)]),
    ])
  } catch (error) {
    return String(error)
  }
}

function text(bytes: Uint8Array | null): string | null {
  return bytes && Buffer.from(bytes).toString('latin1')
}

/** What tells elements of one list apart. */
const IDENTITIES = [
  'name',
  'topic',
  'topicName',
  'topicId',
  'resourceType',
  'resourceName',
  'groupId',
  'key',
  'apiKey',
  'brokerId',
  'nodeId',
  'partitionIndex',
  'partitionId',
  'partition',
  'index',
  'producerId',
  'source',
]

/**
 * Most lists are sets, whose order a server chooses: one whose elements can be told apart is told by what they are called,
 * so that a missing one does not make all behind it differ.
 */
function told(values: unknown[]): unknown {
  const named: Record<string, unknown> = {}
  for (const value of values) {
    if (typeof value !== 'object' || value === null) return values
    const fields = value as Record<string, unknown>
    const present = IDENTITIES.filter((name) => name in fields)
    if (present.length === 0) return values
    const called = present.map((name) => String(fields[name])).join(' ')
    // Asked for twice and answered twice.
    let unique = called
    for (let again = 2; unique in named; again++) unique = `${called} (${again})`
    named[unique] = value
  }
  return named
}

/** Where two normalised values differ, as paths such as `topics/a/errorCode`. */
export function differences(
  a: unknown,
  b: unknown,
  path = '',
): { readonly path: string; readonly values: readonly [unknown, unknown] }[] {
  if (Object.is(a, b)) return []
  if (Array.isArray(a) && Array.isArray(b)) {
    return Array.from({ length: Math.max(a.length, b.length) }, (_, i) =>
      differences(a[i], b[i], `${path}[${i}]`),
    ).flat()
  }
  if (typeof a === 'object' && typeof b === 'object' && a !== null && b !== null) {
    const left = a as Record<string, unknown>
    const right = b as Record<string, unknown>
    const keys = new Set([...Object.keys(left), ...Object.keys(right)])
    return [...keys].flatMap((key) => differences(left[key], right[key], path === '' ? key : `${path}/${key}`))
  }
  return [{ path, values: [a, b] }]
}
