/** IncrementalAlterConfigs (API key 44): changes single configuration values. */
import { bool, int16, int32, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * Operations on keys: 0 set, 1 delete, 2 append to a list, 3 subtract from a list (KIP-339). Forwarded to the
 * controller.
 */
export const IncrementalAlterConfigsRequest = message({
  kind: 'request',
  name: 'IncrementalAlterConfigsRequest',
  key: 44,
  versions: '0-1',
  flexible: '1+',
  listeners: ['broker', 'controller'],
  fields: {
    resources: structs({
      resourceType: int8(),
      resourceName: string(),
      configs: structs({
        name: string(),
        configOperation: int8(),
        value: string({ nullable: '0+' }),
      }),
    }),
    validateOnly: bool(),
  },
})
export interface IncrementalAlterConfigsRequest extends Infer<typeof IncrementalAlterConfigsRequest> {}

/** A result for each resource; a resource changes as a whole or not at all. */
export const IncrementalAlterConfigsResponse = message({
  kind: 'response',
  name: 'IncrementalAlterConfigsResponse',
  key: 44,
  versions: '0-1',
  flexible: '1+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'INVALID_TOPIC_EXCEPTION',
    'TOPIC_AUTHORIZATION_FAILED',
    'GROUP_AUTHORIZATION_FAILED',
    'CLUSTER_AUTHORIZATION_FAILED',
    'INVALID_CONFIG',
    'NOT_CONTROLLER',
    'INVALID_REQUEST',
    'POLICY_VIOLATION',
  ],
  fields: {
    throttleTimeMs: int32(),
    responses: structs({
      errorCode: int16(),
      errorMessage: string({ nullable: '0+' }),
      resourceType: int8(),
      resourceName: string(),
    }),
  },
})
export interface IncrementalAlterConfigsResponse extends Infer<typeof IncrementalAlterConfigsResponse> {}
