/** AlterConfigs (API key 33): replaces the configuration of resources. */
import { bool, int16, int32, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * All values of each resource: keys that are not named return to their defaults. IncrementalAlterConfigs is safer.
 * Forwarded to the controller.
 */
export const AlterConfigsRequest = message({
  kind: 'request',
  name: 'AlterConfigsRequest',
  key: 33,
  versions: '0-2',
  flexible: '2+',
  listeners: ['broker', 'controller'],
  fields: {
    resources: structs({
      resourceType: int8(),
      resourceName: string(),
      configs: structs({
        name: string(),
        value: string({ nullable: '0+' }),
      }),
    }),
    validateOnly: bool(),
  },
})
export interface AlterConfigsRequest extends Infer<typeof AlterConfigsRequest> {}

/** A result for each resource. */
export const AlterConfigsResponse = message({
  kind: 'response',
  name: 'AlterConfigsResponse',
  key: 33,
  versions: '0-2',
  flexible: '2+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'INVALID_TOPIC_EXCEPTION',
    'TOPIC_AUTHORIZATION_FAILED',
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
export interface AlterConfigsResponse extends Infer<typeof AlterConfigsResponse> {}
