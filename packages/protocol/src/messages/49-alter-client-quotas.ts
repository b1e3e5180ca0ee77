/** AlterClientQuotas (API key 49): changes quotas. */
import { bool, float64, int16, int32, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** Values to set or remove for entities (KIP-546). Forwarded to the controller. */
export const AlterClientQuotasRequest = message({
  kind: 'request',
  name: 'AlterClientQuotasRequest',
  key: 49,
  versions: '0-1',
  flexible: '1+',
  listeners: ['broker', 'controller'],
  fields: {
    entries: structs({
      entity: structs({
        entityType: string(),
        entityName: string({ nullable: '0+' }),
      }),
      ops: structs({
        key: string(),
        value: float64(),
        remove: bool(),
      }),
    }),
    validateOnly: bool(),
  },
})
export interface AlterClientQuotasRequest extends Infer<typeof AlterClientQuotasRequest> {}

/** A result for each entity. */
export const AlterClientQuotasResponse = message({
  kind: 'response',
  name: 'AlterClientQuotasResponse',
  key: 49,
  versions: '0-1',
  flexible: '1+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'REQUEST_TIMED_OUT',
    'CLUSTER_AUTHORIZATION_FAILED',
    'UNSUPPORTED_VERSION',
    'NOT_CONTROLLER',
    'INVALID_REQUEST',
  ],
  fields: {
    throttleTimeMs: int32(),
    entries: structs({
      errorCode: int16(),
      errorMessage: string({ nullable: '0+' }),
      entity: structs({
        entityType: string(),
        entityName: string({ nullable: '0+' }),
      }),
    }),
  },
})
export interface AlterClientQuotasResponse extends Infer<typeof AlterClientQuotasResponse> {}
