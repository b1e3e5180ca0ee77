/** OffsetFetch (API key 9). */
import { arrayOf, bool, int16, int32, int64, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const OffsetFetchResponse = message({
  kind: 'response',
  name: 'OffsetFetchResponse',
  key: 9,
  versions: '1-10',
  flexible: '6+',
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
