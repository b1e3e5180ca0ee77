/** BrokerRegistration (API key 62). */
import { arrayOf, bool, int16, int32, int64, string, structs, uint16, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const BrokerRegistrationRequest = message({
  kind: 'request',
  name: 'BrokerRegistrationRequest',
  key: 62,
  versions: '0-4',
  flexible: '0+',
  listeners: ['controller'],
  fields: {
    brokerId: int32(),
    clusterId: string(),
    incarnationId: uuid(),
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
    rack: string({ nullable: '0+' }),
    isMigratingZkBroker: bool({ versions: '1+' }),
    logDirs: arrayOf(uuid(), { versions: '2+', ignorable: true }),
    previousBrokerEpoch: int64({ versions: '3+', default: -1, ignorable: true }),
  },
})
export interface BrokerRegistrationRequest extends Infer<typeof BrokerRegistrationRequest> {}

export const BrokerRegistrationResponse = message({
  kind: 'response',
  name: 'BrokerRegistrationResponse',
  key: 62,
  versions: '0-4',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    brokerEpoch: int64({ default: -1 }),
  },
})
export interface BrokerRegistrationResponse extends Infer<typeof BrokerRegistrationResponse> {}
