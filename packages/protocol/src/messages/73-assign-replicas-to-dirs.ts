/** AssignReplicasToDirs (API key 73): tells the controller in which directories replicas lie. */
import { int16, int32, int64, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** From a broker with several log directories (KIP-858). */
export const AssignReplicasToDirsRequest = message({
  kind: 'request',
  name: 'AssignReplicasToDirsRequest',
  key: 73,
  versions: '0',
  flexible: '0+',
  listeners: ['controller'],
  fields: {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1 }),
    directories: structs({
      id: uuid(),
      topics: structs({
        topicId: uuid(),
        partitions: structs({
          partitionIndex: int32(),
        }),
      }),
    }),
  },
})
export interface AssignReplicasToDirsRequest extends Infer<typeof AssignReplicasToDirsRequest> {}

/** A result for each partition. */
export const AssignReplicasToDirsResponse = message({
  kind: 'response',
  name: 'AssignReplicasToDirsResponse',
  key: 73,
  versions: '0',
  flexible: '0+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'NOT_LEADER_OR_FOLLOWER',
    'CLUSTER_AUTHORIZATION_FAILED',
    'NOT_CONTROLLER',
    'STALE_BROKER_EPOCH',
    'UNKNOWN_TOPIC_ID',
  ],
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    directories: structs({
      id: uuid(),
      topics: structs({
        topicId: uuid(),
        partitions: structs({
          partitionIndex: int32(),
          errorCode: int16(),
        }),
      }),
    }),
  },
})
export interface AssignReplicasToDirsResponse extends Infer<typeof AssignReplicasToDirsResponse> {}
