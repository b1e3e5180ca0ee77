/**
 * What a follower does with its leader's answer to a fetch, so that its log becomes a copy of the leader's.
 *
 *     the logs part at an epoch     cut back to where they part, and ask again (KIP-101, KIP-279)
 *     the offset is out of range    find out where the leader's log begins and ends
 *     the leader has a newer epoch  wait until the metadata say who leads
 *     an older one, no such topic   it has not heard yet: ask again after a pause, as with anything else that is wrong
 *     what was asked is out of date the metadata came while the answer was under way: ask again at once
 *     records                       append them, and take over high watermark and log start
 *
 * Pure: decides; the caller appends and truncates. A log is cut back by epochs only, never to the high watermark, which may
 * lag behind what is committed, except where the leader knows no epochs of ours at all.
 */
import { ErrorCode } from '@braidlog/model'
import type { EpochEndOffset } from '@braidlog/log'
import {
  batchBaseOffset,
  BATCH_HEADER_SIZE_BYTES,
  BatchFault,
  batchLastOffset,
  batchLeaderEpoch,
  batchSizeBytes,
  cachedViewOf,
  validateBatch,
  type ValidateOptions,
} from '@braidlog/records'

export interface LeaderAnswer {
  readonly errorCode: number
  readonly highWatermark: number
  readonly logStartOffset: number
  /** Where the logs part; `undefined`: they do not, as far as was asked. */
  readonly divergingEpoch: EpochEndOffset | undefined
  /** Whole batches; the last one may be cut off. */
  readonly records: Uint8Array
}

export interface FollowerLog {
  readonly logEndOffset: number
  endOffsetForEpoch(epoch: number): EpochEndOffset
}

export type FollowerDecision =
  | { readonly action: 'append' }
  | { readonly action: 'truncate'; readonly offset: number }
  | { readonly action: 'find-range' }
  | { readonly action: 'ask-again' }
  | { readonly action: 'await-metadata' }
  | { readonly action: 'retry' }

export function followerDecision(answer: LeaderAnswer, log: FollowerLog, highWatermark: number): FollowerDecision {
  switch (answer.errorCode) {
    case ErrorCode.NONE:
      if (answer.divergingEpoch === undefined) return { action: 'append' }
      return { action: 'truncate', offset: commonEndOffset(answer.divergingEpoch, log, highWatermark) }
    case ErrorCode.OFFSET_OUT_OF_RANGE:
      return { action: 'find-range' }
    case ErrorCode.FENCED_LEADER_EPOCH:
      return { action: 'await-metadata' }
    default:
      return { action: 'retry' }
  }
}

/**
 * Up to which offset a follower's log agrees with its leader's, given the leader's largest epoch at or below the follower's
 * last one, and where that ends. When the follower has not got that epoch, the result is where its next lower one ends, and
 * only the next fetch tells whether they agree.
 */
export function commonEndOffset(leader: EpochEndOffset, log: FollowerLog, highWatermark: number): number {
  if (leader.endOffset < 0) return Math.min(highWatermark, log.logEndOffset)
  const own = log.endOffsetForEpoch(leader.leaderEpoch)
  if (own.endOffset < 0) return Math.min(leader.endOffset, log.logEndOffset)
  if (own.leaderEpoch !== leader.leaderEpoch) return Math.min(own.endOffset, log.logEndOffset)
  return Math.min(own.endOffset, leader.endOffset, log.logEndOffset)
}

/**
 * The leader's log does not have the offset that was asked for.
 * @param leader where its log begins and ends
 */
export function afterOutOfRange(
  leader: { readonly startOffset: number; readonly endOffset: number },
  logEndOffset: number,
): { readonly action: 'restart' | 'truncate'; readonly offset: number } | undefined {
  // It has less than this one: an unclean election has lost what is above its end.
  if (leader.endOffset < logEndOffset) return { action: 'truncate', offset: leader.endOffset }
  // It has deleted what this one would need next: nothing here continues there.
  if (leader.startOffset > logEndOffset) return { action: 'restart', offset: leader.startOffset }
  return undefined
}

/**
 * How much of what the leader sent may be appended: whole batches of a sound checksum that continue the log, of epochs up to
 * the one that this follower follows. A batch of a newer epoch waits until the metadata have told of its leader.
 * @returns the size of that part in bytes
 */
export function wholeBatches(
  records: Uint8Array,
  logEndOffset: number,
  leaderEpoch: number,
  rules: ValidateOptions,
): number {
  const view = cachedViewOf(records)
  let nextOffset = logEndOffset
  let at = 0
  while (records.length - at >= BATCH_HEADER_SIZE_BYTES) {
    const end = at + batchSizeBytes(view, at)
    if (end > records.length) break
    if (validateBatch(records, view, at, end, rules) !== BatchFault.None) break
    if (batchBaseOffset(view, at) < nextOffset || batchLeaderEpoch(view, at) > leaderEpoch) break
    nextOffset = batchLastOffset(view, at) + 1
    at = end
  }
  return at
}
