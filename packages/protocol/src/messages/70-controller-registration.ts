/** ControllerRegistration (API key 70): registers a controller with the active controller. */
import { bool, int16, int32, string, structs, uint16, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** Its incarnation, listeners and features (KIP-919). */
export const ControllerRegistrationRequest = message({
  kind: 'request',
  name: 'ControllerRegistrationRequest',
  key: 70,
  versions: '0',
  flexible: '0+',
  listeners: ['controller'],
  fields: {
    controllerId: int32(),
    incarnationId: uuid(),
    zkMigrationReady: bool(),
    listeners: structs({
      name: string(),
      host: string(),
      port: uint16(),
      securityProtocol: int16(),
    }),
    features: structs({
      name: string(),
      minSupportedVersion: int16(),
      maxSupportedVersion: int16(),
    }),
  },
})
export interface ControllerRegistrationRequest extends Infer<typeof ControllerRegistrationRequest> {}

/** One result. */
export const ControllerRegistrationResponse = message({
  kind: 'response',
  name: 'ControllerRegistrationResponse',
  key: 70,
  versions: '0',
  flexible: '0+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'CLUSTER_AUTHORIZATION_FAILED',
    'UNSUPPORTED_VERSION',
    'NOT_CONTROLLER',
    'UNKNOWN_CONTROLLER_ID',
  ],
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+' }),
  },
})
export interface ControllerRegistrationResponse extends Infer<typeof ControllerRegistrationResponse> {}
