/** FindCoordinator (API key 10): finds the broker that coordinates a group, a transactional id or a share partition. */
import { arrayOf, int16, int32, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * Keys of one kind: 0 group, 1 transactional id (from version 1), 2 share partition, spelled `group:topicId:partition`
 * (from version 6, KIP-932). One key before version 4, several from there on (KIP-699).
 */
export const FindCoordinatorRequest = message({
  kind: 'request',
  name: 'FindCoordinatorRequest',
  key: 10,
  versions: '0-6',
  flexible: '3+',
  listeners: ['broker'],
  fields: {
    key: string({ versions: '0-3' }),
    keyType: int8({ versions: '1+' }),
    coordinatorKeys: arrayOf(string(), { versions: '4+' }),
  },
})
export interface FindCoordinatorRequest extends Infer<typeof FindCoordinatorRequest> {}

/** The coordinator of each key. Version 5 may answer TRANSACTION_ABORTABLE (KIP-890). */
export const FindCoordinatorResponse = message({
  kind: 'response',
  name: 'FindCoordinatorResponse',
  key: 10,
  versions: '0-6',
  flexible: '3+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE',
    'INVALID_GROUP_ID',
    'GROUP_AUTHORIZATION_FAILED',
    'CLUSTER_AUTHORIZATION_FAILED',
    'UNSUPPORTED_VERSION',
    'INVALID_REQUEST',
    'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    'TRANSACTION_ABORTABLE',
  ],
  fields: {
    throttleTimeMs: int32({ versions: '1+', ignorable: true }),
    errorCode: int16({ versions: '0-3' }),
    errorMessage: string({ versions: '1-3', nullable: '1-3', ignorable: true }),
    nodeId: int32({ versions: '0-3' }),
    host: string({ versions: '0-3' }),
    port: int32({ versions: '0-3' }),
    coordinators: structs(
      {
        key: string({ versions: '4+' }),
        nodeId: int32({ versions: '4+' }),
        host: string({ versions: '4+' }),
        port: int32({ versions: '4+' }),
        errorCode: int16({ versions: '4+' }),
        errorMessage: string({ versions: '4+', nullable: '4+', ignorable: true }),
      },
      { versions: '4+' },
    ),
  },
})
export interface FindCoordinatorResponse extends Infer<typeof FindCoordinatorResponse> {}
