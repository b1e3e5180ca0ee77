/**
 * Produce (API key 0): appends one batch to each of the named partitions.
 *
 * The hot path. The request is read by hand, in two passes over the receive buffer: the first checks the whole structure
 * and notes positions in arrays that are reused, the second appends. Batches are checked and patched where they lie;
 * nothing is copied and nothing is allocated for each of them but its result. A request that has to wait (for the group
 * commit, later for replicas) is one object in the waiting room.
 *
 * With acks=0 there is no response; an error closes the connection, which is the only way to tell.
 */
import { AclOperation, ErrorCode, isInternalTopic, ZERO_UUID, type Uuid } from '@braidlog/model'
import type { AppendResult, AppendWaiter, DelayedProduce, Partition } from '@braidlog/partition'
import { ProduceResponse, ProtocolError, Reader } from '@braidlog/protocol'
import { batchAttributes, batchMagic, BATCH_HEADER_SIZE_BYTES, cachedViewOf, viewOf } from '@braidlog/records'
import type { Slab } from '@braidlog/runtime'
import type { BrokerContext } from '../context.ts'
import { asksForLeader, endpointsOfLeaders, leaderHint, type LeaderHint } from '../endpoints.ts'
import type { Exchange } from '../exchange.ts'
import type { ApiHandler } from '../handler.ts'
import { skipTaggedFields } from '../pipeline.ts'
import type { HeldBatch } from '../record-validation/record-validation.ts'

const FLEXIBLE_MIN = 9
const TOPIC_IDS_MIN_VERSION = 13
/** zstd may be used by those who say that they know it. */
const ZSTD_MIN_VERSION = 7
const COMPRESSION_MASK = 7
const ZSTD = 4
/** The one client that may write to internal topics. */
const ADMIN_CLIENT_ID = '__admin_client'

export function produceHandler(broker: BrokerContext): ApiHandler {
  const request = new ProduceReader()
  return {
    key: 0,
    name: 'Produce',
    versionMin: 3,
    versionMax: 13,
    // librdkafka takes a broker that does not offer version 0 for one that cannot be used (KAFKA-18659).
    advertisedMin: 0,
    pipelined: true,
    authorized: true,
    handle(exchange, bytes, at, end, owner) {
      request.read(new Reader(bytes, at, end, cachedViewOf(bytes)), exchange.apiVersion)
      appendAll(broker, exchange, request, owner)
    },
  }
}

/** One partition of a response in the making. */
interface Produced {
  readonly topic: string
  readonly topicId: Uuid
  readonly partition: number
  /** Of a held batch: nothing yet. */
  result: AppendResult
  readonly replica: Partition | undefined
  /** It waits for a schema registry, or for its recompression. */
  readonly held: HeldBatch | Uint8Array | undefined
}

/** A request that has been appended, from then until it is answered. */
interface ProduceState {
  readonly broker: BrokerContext
  readonly exchange: Exchange
  readonly produced: readonly Produced[]
}

function appendAll(broker: BrokerContext, exchange: Exchange, request: ProduceReader, owner: Slab | undefined): void {
  const produced: Produced[] = []
  const { acks } = request
  let failed = false
  let waits = false
  let heldCount = 0
  for (let i = 0; i < request.count; i++) {
    const one = appendOne(broker, exchange, request, i, owner)
    if (one.held !== undefined) heldCount++
    else if (one.result.errorCode !== ErrorCode.NONE) failed = true
    else if (one.result.requiredOffset > 0 && !one.replica!.isAcknowledged(one.result.requiredOffset, acks))
      waits = true
    produced.push(one)
  }
  const state: ProduceState = { broker, exchange, produced }
  if (heldCount > 0) {
    awaitHeld(state, request, heldCount)
    return
  }
  if (acks === 0) {
    endWithoutAnswer(exchange, failed)
    return
  }
  if (!waits) {
    respond(state, undefined)
    return
  }
  const { rooms } = broker.partitions
  const operation = rooms.produce<ProduceState>(state, onComplete)
  for (let i = 0; i < produced.length; i++) {
    const { replica, result } = produced[i]!
    if (result.errorCode === ErrorCode.NONE && result.requiredOffset > 0) {
      operation.watch(replica!, result.requiredOffset, i, acks)
    }
  }
  if (!rooms.parkProduce(operation, request.timeoutMs)) respond(state, operation)
}

function endWithoutAnswer(exchange: Exchange, failed: boolean): void {
  if (failed) exchange.connection.refuse('a record batch sent with acks=0 could not be appended')
  else exchange.respondNothing()
}

/**
 * Some batches wait, for the schema registry, for their recompression, or for one after the other; the others are
 * appended already, and are watched from now on.
 */
function awaitHeld(state: ProduceState, request: ProduceReader, heldCount: number): void {
  const { broker, exchange, produced } = state
  const { timeoutMs } = request
  const acks = request.acks as -1 | 0 | 1
  const { rooms } = broker.partitions
  const operation = rooms.produce<ProduceState>(state, onComplete)
  let left = heldCount
  const watch = (i: number): void => {
    const { replica, result } = produced[i]!
    if (result.errorCode === ErrorCode.NONE && result.requiredOffset > 0) {
      operation.watch(replica!, result.requiredOffset, i, acks)
    }
  }
  const settle = (i: number, result: AppendResult): void => {
    produced[i]!.result = result
    watch(i)
    if (--left > 0) return
    const failed = produced.some(({ result }) => result.errorCode !== ErrorCode.NONE)
    if (acks === 0) endWithoutAnswer(exchange, failed)
    else if (!rooms.parkProduce(operation, timeoutMs)) respond(state, operation)
  }
  const append = (i: number, batch: Uint8Array): void => {
    appendOwned(produced[i]!.replica!, batch, acks, {
      onAppended(result) {
        if (result.errorCode === ErrorCode.NONE) broker.metrics.bytesProduced += batch.length
        settle(i, result)
      },
      onFailure: (error) => exchange.failed(error),
    })
  }
  for (let i = 0; i < produced.length; i++) if (produced[i]!.held === undefined) watch(i)
  for (let i = 0; i < produced.length; i++) {
    const { held } = produced[i]!
    if (held instanceof Uint8Array) {
      append(i, held)
    } else if (held !== undefined) {
      held.onSettled = (refusal) => {
        try {
          if (refusal === undefined) append(i, held.bytes)
          else settle(i, refusal)
        } catch (error) {
          exchange.failed(error)
        }
      }
    }
  }
}

/** Appends a batch that has its bytes for itself, now or after its recompression. */
function appendOwned(replica: Partition, batch: Uint8Array, acks: -1 | 0 | 1, waiter: AppendWaiter): void {
  const options = { acks, origin: 'client' } as const
  if (replica.mustRecompress(viewOf(batch), 0)) replica.appendRecompressed(batch, options, waiter)
  else waiter.onAppended(replica.append(batch, 0, batch.length, options))
}

function onComplete(operation: DelayedProduce<ProduceState>): void {
  const state = operation.context
  // The client may have gone: the records are kept all the same.
  respond(state, operation)
}

function appendOne(
  broker: BrokerContext,
  exchange: Exchange,
  request: ProduceReader,
  i: number,
  owner: Slab | undefined,
): Produced {
  const { image, replicas } = broker
  const byId = exchange.apiVersion >= TOPIC_IDS_MIN_VERSION
  const requestedName = request.topics[i]!
  const requestedId = request.topicIds[i]!
  const partition = request.partitions[i]!
  const known = byId ? image.topicById(requestedId) : image.topic(requestedName)
  const topicId = known?.id ?? requestedId
  const done = (result: AppendResult, replica?: Partition, held?: Produced['held']): Produced => ({
    topic: requestedName,
    topicId,
    partition,
    result,
    replica,
    held,
  })
  const { access } = exchange
  // An unknown id tells nothing; a name that may not be written is refused before it is looked for.
  if (access !== undefined && (!byId || known !== undefined)) {
    if (!access.mayOnTopic(AclOperation.WRITE, known?.name ?? requestedName)) {
      return done(refused(ErrorCode.TOPIC_AUTHORIZATION_FAILED, null))
    }
  }
  if (request.acks < -1 || request.acks > 1) {
    return done(refused(ErrorCode.INVALID_REQUIRED_ACKS, `acks must be -1, 0 or 1, not ${request.acks}`))
  }
  if (known !== undefined && isInternalTopic(known.name) && exchange.clientId !== ADMIN_CLIENT_ID) {
    return done(refused(ErrorCode.INVALID_TOPIC_EXCEPTION, `clients may not write to the internal topic ${known.name}`))
  }
  const replica = known && replicas.get(known.id, partition)
  if (replica === undefined) {
    return done(refused(byId ? replicas.errorById(known, partition) : replicas.errorByName(known, partition), null))
  }
  const { bytes, view } = request
  const start = request.starts[i]!
  const end = request.ends[i]!
  if (end - start < BATCH_HEADER_SIZE_BYTES) {
    return done(refused(ErrorCode.INVALID_RECORD, 'a produce request must have exactly one record batch per partition'))
  }
  if (
    exchange.apiVersion < ZSTD_MIN_VERSION &&
    batchMagic(view, start) === 2 &&
    (batchAttributes(view, start) & COMPRESSION_MASK) === ZSTD
  ) {
    return done(refused(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, 'zstd needs Produce version 7 or newer'))
  }
  // Nobody would end the transaction that it begins: read-committed consumers would wait at it for ever.
  if (batchMagic(view, start) === 2 && (batchAttributes(view, start) & TRANSACTIONAL) !== 0) {
    return done(
      request.transactionalId === null
        ? refused(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, 'a transactional batch needs a transactional id')
        : refused(ErrorCode.INVALID_TXN_STATE, 'no transaction is open: this node coordinates none'),
    )
  }
  // Most topics ask nothing of their records: this is all that it costs them.
  if (replica.log.config.schemaRules !== undefined || broker.validation.heldCount > 0) {
    const verdict = broker.validation.inspect(exchange.connection, replica, bytes, start, end)
    if (verdict !== undefined) return 'bytes' in verdict ? done(UNDECIDED, replica, verdict) : done(verdict, replica)
  }
  // A copy: a Buffer's own `slice` is a view of what the socket overwrites next.
  if (replica.mustRecompress(view, start)) {
    return done(UNDECIDED, replica, Uint8Array.prototype.slice.call(bytes, start, end))
  }
  const acks = request.acks as -1 | 0 | 1
  const result = replica.append(
    bytes,
    start,
    end,
    owner === undefined ? { acks, origin: 'client' } : { acks, origin: 'client', owner },
  )
  if (result.errorCode === ErrorCode.NONE) broker.metrics.bytesProduced += end - start
  return done(result, replica)
}

function refused(errorCode: ErrorCode, errorMessage: string | null): AppendResult {
  return {
    errorCode,
    errorMessage,
    recordErrors: [],
    baseOffset: -1,
    lastOffset: -1,
    logAppendTimeMs: -1,
    logStartOffset: -1,
    requiredOffset: 0,
  }
}

const UNDECIDED: AppendResult = refused(ErrorCode.NONE, null)

/** @param operation the outcome of waiting, when there was any */
function respond(
  { broker, exchange, produced }: ProduceState,
  operation: DelayedProduce<ProduceState> | undefined,
): void {
  const responses: { name: string; topicId: Uuid; partitionResponses: PartitionResponse[] }[] = []
  const hints: LeaderHint[] = []
  for (let i = 0; i < produced.length; i++) {
    const { topic, topicId, partition, result } = produced[i]!
    const response: PartitionResponse = partitionResponse(partition, result)
    if (operation !== undefined && result.errorCode === ErrorCode.NONE && result.requiredOffset > 0) {
      const errorCode = operation.errorCodeOf(i)
      if (errorCode !== ErrorCode.NONE) {
        response.errorCode = errorCode
        response.baseOffset = -1
        response.logAppendTimeMs = -1
      }
    }
    if (asksForLeader(response.errorCode)) {
      const hint = leaderHint(broker.image, topic === '' ? broker.image.topicById(topicId)?.name : topic, partition)
      if (hint !== undefined) {
        response.currentLeader = hint
        hints.push(hint)
      }
    }
    const last = responses.at(-1)
    if (last !== undefined && last.name === topic && last.topicId === topicId) last.partitionResponses.push(response)
    else responses.push({ name: topic, topicId, partitionResponses: [response] })
  }
  const nodeEndpoints =
    hints.length === 0 ? [] : endpointsOfLeaders(broker.image, exchange.connection.listenerName, hints)
  exchange.respondWith(ProduceResponse, { responses, nodeEndpoints })
}

interface PartitionResponse {
  index: number
  errorCode: ErrorCode
  errorMessage: string | null
  recordErrors: { batchIndex: number; batchIndexErrorMessage: string }[]
  baseOffset: number
  logAppendTimeMs: number
  logStartOffset: number
  currentLeader: LeaderHint | undefined
}

/** Refusals that say nothing of the log; others tell where it starts. */
const WITHOUT_LOG_START: ReadonlySet<number> = new Set([
  ErrorCode.CORRUPT_MESSAGE,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.MESSAGE_TOO_LARGE,
  ErrorCode.RECORD_LIST_TOO_LARGE,
  ErrorCode.KAFKA_STORAGE_ERROR,
])

/** Bit of a batch's attributes. */
const TRANSACTIONAL = 0x10

const NO_RECORD_ERRORS: PartitionResponse['recordErrors'] = []

function partitionResponse(index: number, result: AppendResult): PartitionResponse {
  return {
    index,
    errorCode: result.errorCode,
    errorMessage: result.errorMessage,
    recordErrors:
      result.recordErrors.length === 0
        ? NO_RECORD_ERRORS
        : result.recordErrors.map(({ batchIndex, message }) => ({ batchIndex, batchIndexErrorMessage: message })),
    baseOffset: result.baseOffset,
    logAppendTimeMs: result.logAppendTimeMs,
    logStartOffset: WITHOUT_LOG_START.has(result.errorCode) ? -1 : result.logStartOffset,
    currentLeader: undefined,
  }
}

/** A produce request as positions in the receive buffer. One instance is reused: its content is of the last request. */
export class ProduceReader {
  transactionalId: string | null = null
  acks = 0
  timeoutMs = 0
  /** How many partitions there are; the arrays below may be longer. */
  count = 0
  readonly topics: string[] = []
  readonly topicIds: Uuid[] = []
  readonly partitions: number[] = []
  readonly starts: number[] = []
  /** Equal to the start when the records are null. */
  readonly ends: number[] = []
  bytes: Uint8Array = new Uint8Array(0)
  view: DataView = new DataView(new ArrayBuffer(0))

  /** @throws ProtocolError */
  read(reader: Reader, apiVersion: number): void {
    const flexible = apiVersion >= FLEXIBLE_MIN
    this.bytes = reader.bytes
    this.view = reader.view
    this.count = 0
    this.transactionalId = flexible ? reader.compactNullableString() : reader.nullableString()
    this.acks = reader.int16()
    this.timeoutMs = reader.int32()
    const topicCount = required(flexible ? reader.compactArrayLength(2) : reader.arrayLength(2))
    for (let t = 0; t < topicCount; t++) this.#readTopic(reader, apiVersion, flexible)
    // Bytes behind the message are not looked at, as in Apache Kafka.
    if (flexible) skipTaggedFields(reader)
  }

  #readTopic(reader: Reader, apiVersion: number, flexible: boolean): void {
    let topic = ''
    let topicId: Uuid = ZERO_UUID
    if (apiVersion >= TOPIC_IDS_MIN_VERSION) topicId = reader.uuid()
    else topic = flexible ? reader.compactString() : reader.string()
    const partitionCount = required(flexible ? reader.compactArrayLength(5) : reader.arrayLength(8))
    for (let p = 0; p < partitionCount; p++) {
      const i = this.count++
      this.topics[i] = topic
      this.topicIds[i] = topicId
      this.partitions[i] = reader.int32()
      const size = flexible ? reader.uvarint() - 1 : reader.int32()
      if (size < -1) throw new ProtocolError('INVALID_LENGTH', `records of ${size} bytes`)
      const start = reader.need(Math.max(0, size))
      this.starts[i] = start
      this.ends[i] = start + Math.max(0, size)
      if (flexible) skipTaggedFields(reader)
    }
    if (flexible) skipTaggedFields(reader)
  }
}

function required(length: number): number {
  if (length < 0) throw new ProtocolError('UNEXPECTED_NULL', 'null where an array is expected')
  return length
}
