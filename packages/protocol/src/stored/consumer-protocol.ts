/** Blobs. */
import { arrayOf, bool, bytes, int32, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const ConsumerProtocolSubscription = message({
  kind: 'data',
  name: 'ConsumerProtocolSubscription',
  versions: '0-3',
  flexible: 'none',
  fields: {
    topics: arrayOf(string()),
    userData: bytes({ nullable: '0+', default: null }),
    ownedPartitions: structs(
      {
        topic: string({ versions: '1+' }),
        partitions: arrayOf(int32(), { versions: '1+' }),
      },
      { versions: '1+', ignorable: true },
    ),
    generationId: int32({ versions: '2+', default: -1, ignorable: true }),
    rackId: string({ versions: '3+', nullable: '3+', default: null, ignorable: true }),
  },
})
export interface ConsumerProtocolSubscription extends Infer<typeof ConsumerProtocolSubscription> {}

export const ConsumerProtocolAssignment = message({
  kind: 'data',
  name: 'ConsumerProtocolAssignment',
  versions: '0-3',
  flexible: 'none',
  fields: {
    assignedPartitions: structs({
      topic: string(),
      partitions: arrayOf(int32()),
    }),
    userData: bytes({ nullable: '0+', default: null }),
  },
})
export interface ConsumerProtocolAssignment extends Infer<typeof ConsumerProtocolAssignment> {}

export const DefaultPrincipalData = message({
  kind: 'data',
  name: 'DefaultPrincipalData',
  versions: '0',
  flexible: '0+',
  fields: {
    type: string(),
    name: string(),
    tokenAuthenticated: bool(),
  },
})
export interface DefaultPrincipalData extends Infer<typeof DefaultPrincipalData> {}
