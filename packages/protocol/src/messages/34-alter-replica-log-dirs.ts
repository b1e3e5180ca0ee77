/** AlterReplicaLogDirs (API key 34): moves replicas between the log directories of a broker. */
import { arrayOf, int16, int32, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** Per directory the partitions that should lie there (KIP-113). */
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

/** An error per partition; the move itself goes on in the background. */
export const AlterReplicaLogDirsResponse = message({
  kind: 'response',
  name: 'AlterReplicaLogDirsResponse',
  key: 34,
  versions: '1-2',
  flexible: '2+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'REPLICA_NOT_AVAILABLE',
    'INVALID_TOPIC_EXCEPTION',
    'CLUSTER_AUTHORIZATION_FAILED',
    'KAFKA_STORAGE_ERROR',
    'LOG_DIR_NOT_FOUND',
  ],
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
