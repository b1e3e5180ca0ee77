/**
 * Messages that travel inside others: the blobs of the consumer's classic group protocol, and the principal of a
 * forwarded request.
 */
import { arrayOf, bool, bytes, int32, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * What a consumer says when it joins a classic group: topics and the assignor's user data; version 1 adds the
 * partitions it owns, version 2 the generation in which it got them (KIP-792), version 3 its rack (KIP-881). A reader
 * takes a newer version for version 3: fields may only be added at the end.
 */
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

/**
 * What the leader of a classic group assigns to one member. The versions are those of the subscription; the fields
 * never changed.
 */
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

/** A principal in a forwarded request: the bytes of `requestPrincipal` in Envelope (KIP-590). */
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
