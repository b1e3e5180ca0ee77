/** AssignReplicasToDirs (API key 73). */
import { int16, int32, int64, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const AssignReplicasToDirsResponse = message({
  kind: 'response',
  name: 'AssignReplicasToDirsResponse',
  key: 73,
  versions: '0',
  flexible: '0+',
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
