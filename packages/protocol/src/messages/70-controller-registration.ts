/** ControllerRegistration (API key 70). */
import { bool, int16, int32, string, structs, uint16, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const ControllerRegistrationResponse = message({
  kind: 'response',
  name: 'ControllerRegistrationResponse',
  key: 70,
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+' }),
  },
})
export interface ControllerRegistrationResponse extends Infer<typeof ControllerRegistrationResponse> {}
