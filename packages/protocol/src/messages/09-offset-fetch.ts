/** OffsetFetch (API key 9): reads the committed offsets of groups. */
import { arrayOf, bool, int16, int32, int64, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * Whose offsets, of which partitions; null topics mean all that have one (from version 2). Version 7 can insist on
 * offsets that no open transaction may change (KIP-447), version 8 asks for several groups at once (KIP-709), version 9
 * checks member and epoch (KIP-848), version 10 replaces topic names by ids.
 */
export const OffsetFetchRequest = message({
  kind: 'request',
  name: 'OffsetFetchRequest',
  key: 9,
  versions: '1-10',
  flexible: '6+',
  listeners: ['broker'],
  fields: {
    groupId: string({ versions: '0-7' }),
    topics: structs(
      {
        name: string({ versions: '0-7' }),
        partitionIndexes: arrayOf(int32(), { versions: '0-7' }),
      },
      { versions: '0-7', nullable: '2-7' },
    ),
    groups: structs(
      {
        groupId: string({ versions: '8+' }),
        memberId: string({ versions: '9+', nullable: '9+', default: null, ignorable: true }),
        memberEpoch: int32({ versions: '9+', default: -1, ignorable: true }),
        topics: structs(
          {
            name: string({ versions: '8-9', ignorable: true }),
            topicId: uuid({ versions: '10+', ignorable: true }),
            partitionIndexes: arrayOf(int32(), { versions: '8+' }),
          },
          { versions: '8+', nullable: '8+' },
        ),
      },
      { versions: '8+' },
    ),
    requireStable: bool({ versions: '7+' }),
  },
})
export interface OffsetFetchRequest extends Infer<typeof OffsetFetchRequest> {}

/**
 * Per partition the offset (-1: none), its leader epoch and the text that was committed with it. Groups have a list of
 * their own from version 8.
 */
export const OffsetFetchResponse = message({
  kind: 'response',
  name: 'OffsetFetchResponse',
  key: 9,
  versions: '1-10',
  flexible: '6+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE',
    'NOT_COORDINATOR',
    'INVALID_GROUP_ID',
    'UNKNOWN_MEMBER_ID',
    'TOPIC_AUTHORIZATION_FAILED',
    'GROUP_AUTHORIZATION_FAILED',
    'GROUP_ID_NOT_FOUND',
    'UNSTABLE_OFFSET_COMMIT',
    'UNKNOWN_TOPIC_ID',
    'STALE_MEMBER_EPOCH',
  ],
  fields: {
    throttleTimeMs: int32({ versions: '3+', ignorable: true }),
    topics: structs(
      {
        name: string({ versions: '0-7' }),
        partitions: structs(
          {
            partitionIndex: int32({ versions: '0-7' }),
            committedOffset: int64({ versions: '0-7' }),
            committedLeaderEpoch: int32({ versions: '5-7', default: -1, ignorable: true }),
            metadata: string({ versions: '0-7', nullable: '0-7' }),
            errorCode: int16({ versions: '0-7' }),
          },
          { versions: '0-7' },
        ),
      },
      { versions: '0-7' },
    ),
    errorCode: int16({ versions: '2-7', ignorable: true }),
    groups: structs(
      {
        groupId: string({ versions: '8+' }),
        topics: structs(
          {
            name: string({ versions: '8-9', ignorable: true }),
            topicId: uuid({ versions: '10+', ignorable: true }),
            partitions: structs(
              {
                partitionIndex: int32({ versions: '8+' }),
                committedOffset: int64({ versions: '8+' }),
                committedLeaderEpoch: int32({ versions: '8+', default: -1, ignorable: true }),
                metadata: string({ versions: '8+', nullable: '8+' }),
                errorCode: int16({ versions: '8+' }),
              },
              { versions: '8+' },
            ),
          },
          { versions: '8+' },
        ),
        errorCode: int16({ versions: '8+' }),
      },
      { versions: '8+' },
    ),
  },
})
export interface OffsetFetchResponse extends Infer<typeof OffsetFetchResponse> {}
