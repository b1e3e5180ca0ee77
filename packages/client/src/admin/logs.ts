/** Admin calls about what partitions hold: offsets, records, producers, log directories. */
import { ErrorCode } from '@braidlog/model/nouns'
import type { Cluster } from '../cluster.ts'
import { errorNameOf, KafkaError } from '../errors.ts'
import type { CallOptions, TopicPartition } from '../record.ts'
import { addItem, adminCall, byLeader, byTopic, checkCode, emptyOutcome, itemsCall } from './calls.ts'
import { boundOf } from './topics.ts'
import type { DeleteRecordsInput, ListedOffset, LogDirDescription, OffsetSpec, ProducerState } from './types.ts'

const SPEC_CODES: Readonly<
  Record<Exclude<OffsetSpec, object>, { readonly code: number; readonly versionMin: number }>
> = {
  latest: { code: -1, versionMin: 1 },
  earliest: { code: -2, versionMin: 1 },
  maxTimestamp: { code: -3, versionMin: 7 },
  earliestLocal: { code: -4, versionMin: 8 },
  latestTiered: { code: -5, versionMin: 9 },
}

export async function listOffsets(
  cluster: Cluster,
  specs: readonly (TopicPartition & { readonly at: OffsetSpec })[],
  options: CallOptions & { readonly isolationLevel?: 'read_committed' | 'read_uncommitted' } = {},
): Promise<ListedOffset[]> {
  return await itemsCall(cluster, 'listOffsets', options, async (call) => {
    const outcome = emptyOutcome<ListedOffset>()
    for (const [node, group] of await byLeader(cluster, specs, outcome, call)) {
      const connection = await cluster.connect({ node }, 'main', call)
      const version = connection.versionFor('ListOffsets')
      // One partition may be asked about several times, a request names it once.
      for (const round of rounds(group)) {
        for (const { at } of round) {
          if (typeof at === 'string' && version < SPEC_CODES[at].versionMin) {
            throw new KafkaError('UNSUPPORTED_API', `${connection.broker} cannot list offsets at '${at}'`, {
              fatal: false,
            })
          }
        }
        const body = {
          replicaId: -1,
          isolationLevel: options.isolationLevel === 'read_committed' ? 1 : 0,
          topics: byTopic(round, ({ topic, partition, at }) => ({
            partitionIndex: partition,
            currentLeaderEpoch: cluster.metadata.partition(topic, partition)!.leaderEpoch,
            timestamp: typeof at === 'string' ? SPEC_CODES[at].code : at.timestamp,
          })),
          ...(version >= 10 ? { timeoutMs: boundOf(call) } : {}),
        }
        const response = await connection.request('ListOffsets', body, {
          signal: call.signal,
          timeoutMs: boundOf(call),
          version,
        })
        for (const { name: topic, partitions } of response.topics) {
          for (const each of partitions) {
            const { partitionIndex: partition, errorCode, offset, timestamp, leaderEpoch } = each
            if (!addItem(outcome, `${topic}-${partition}`, errorCode, null, { topic, partition })) continue
            outcome.results.push({
              topic,
              partition,
              offset: offset < 0 ? null : BigInt(offset),
              timestamp: timestamp < 0 ? null : timestamp,
              leaderEpoch: leaderEpoch < 0 ? null : leaderEpoch,
            })
          }
        }
      }
    }
    return outcome
  })
}

export async function deleteRecords(
  cluster: Cluster,
  partitions: readonly DeleteRecordsInput[],
  options?: CallOptions,
): Promise<(TopicPartition & { readonly lowWatermark: bigint })[]> {
  return await itemsCall(cluster, 'deleteRecords', options, async (call) => {
    const outcome = emptyOutcome<TopicPartition & { readonly lowWatermark: bigint }>()
    for (const [node, group] of await byLeader(cluster, partitions, outcome, call)) {
      const topics = byTopic(group, ({ partition, beforeOffset }) => ({
        partitionIndex: partition,
        offset: beforeOffset === 'end' ? -1 : Number(beforeOffset),
      }))
      const response = await cluster.request({ node }, 'DeleteRecords', { topics, timeoutMs: boundOf(call) }, call)
      for (const { name: topic, partitions: answers } of response.topics) {
        for (const { partitionIndex: partition, errorCode, lowWatermark } of answers) {
          if (!addItem(outcome, `${topic}-${partition}`, errorCode, null, { topic, partition })) continue
          outcome.results.push({ topic, partition, lowWatermark: BigInt(lowWatermark) })
        }
      }
    }
    return outcome
  })
}

export async function describeProducers(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  options?: CallOptions,
): Promise<(TopicPartition & { readonly producers: readonly ProducerState[] })[]> {
  return await itemsCall(cluster, 'describeProducers', options, async (call) => {
    const outcome = emptyOutcome<TopicPartition & { readonly producers: readonly ProducerState[] }>()
    for (const [node, group] of await byLeader(cluster, partitions, outcome, call)) {
      const topics = byTopic(group, (each) => each.partition).map(({ name, partitions: partitionIndexes }) => ({
        name,
        partitionIndexes,
      }))
      const response = await cluster.request({ node }, 'DescribeProducers', { topics }, call)
      for (const { name: topic, partitions: answers } of response.topics) {
        for (const { partitionIndex: partition, errorCode, errorMessage, activeProducers } of answers) {
          if (!addItem(outcome, `${topic}-${partition}`, errorCode, errorMessage, { topic, partition })) continue
          const producers = activeProducers.map((each) => ({
            producerId: BigInt(each.producerId),
            producerEpoch: each.producerEpoch,
            lastSequence: each.lastSequence,
            lastTimestamp: each.lastTimestamp,
            coordinatorEpoch: each.coordinatorEpoch,
            currentTransactionStartOffset: each.currentTxnStartOffset < 0 ? null : BigInt(each.currentTxnStartOffset),
          }))
          outcome.results.push({ topic, partition, producers })
        }
      }
    }
    return outcome
  })
}

/** Directories of the given brokers, all brokers unless given. A directory that is offline is described as such. */
export async function describeLogDirs(
  cluster: Cluster,
  brokers: readonly number[] | undefined,
  options?: CallOptions,
): Promise<LogDirDescription[]> {
  return await adminCall(cluster, 'describeLogDirs', options, async (call) => {
    await cluster.refresh(call)
    const nodes = brokers ?? [...cluster.metadata.brokers.keys()].sort((a, b) => a - b)
    const lists = await Promise.all(
      nodes.map(async (node) => {
        const response = await cluster.request({ node }, 'DescribeLogDirs', { topics: null }, call)
        checkCode(response.errorCode, `log directories of broker ${node}`)
        return response.results.map((each): LogDirDescription => ({
          broker: node,
          path: each.logDir,
          error: each.errorCode === ErrorCode.NONE ? null : errorNameOf(each.errorCode),
          totalBytes: each.totalBytes < 0 ? null : each.totalBytes,
          usableBytes: each.usableBytes < 0 ? null : each.usableBytes,
          replicas: each.topics.flatMap(({ name: topic, partitions }) =>
            partitions.map(({ partitionIndex: partition, partitionSize, offsetLag, isFutureKey }) => ({
              topic,
              partition,
              sizeBytes: partitionSize,
              offsetLag,
              isFuture: isFutureKey,
            })),
          ),
        }))
      }),
    )
    return lists.flat()
  })
}

/** Splits a list so that no partition occurs twice in one part. */
function rounds<P extends TopicPartition>(partitions: readonly P[]): P[][] {
  const parts: P[][] = []
  const counts = new Map<string, number>()
  for (const each of partitions) {
    const key = `${each.topic}/${each.partition}`
    const index = counts.get(key) ?? 0
    counts.set(key, index + 1)
    ;(parts[index] ??= []).push(each)
  }
  return parts
}
