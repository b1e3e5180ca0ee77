/** AlterReplicaLogDirs (API key 34). */
import { arrayOf, int16, int32, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const AlterReplicaLogDirsRequest = message({
  kind: 'request',
  name: 'AlterReplicaLogDirsRequest',
  key: 34,
  versions: '1-2',
  flexible: '2+',
  listeners: ['broker'],
  fields: {
    dirs: structs({
      path: string(),
      topics: structs({
        name: string(),
        partitions: arrayOf(int32()),
      }),
    }),
  },
})
export interface AlterReplicaLogDirsRequest extends Infer<typeof AlterReplicaLogDirsRequest> {}

export const AlterReplicaLogDirsResponse = message({
  kind: 'response',
  name: 'AlterReplicaLogDirsResponse',
  key: 34,
  versions: '1-2',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32(),
    results: structs({
      topicName: string(),
      partitions: structs({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
})
export interface AlterReplicaLogDirsResponse extends Infer<typeof AlterReplicaLogDirsResponse> {}
