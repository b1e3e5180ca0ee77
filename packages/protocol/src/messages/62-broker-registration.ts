/** BrokerRegistration (API key 62): registers a broker with the controller. */
import { arrayOf, bool, int16, int32, int64, string, structs, uint16, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * Who the broker is: incarnation, listeners, features, rack (KIP-631). Version 1 speaks of the migration from ZooKeeper
 * (KIP-866), version 2 adds log directories (KIP-858), version 3 the epoch of the last clean shutdown (KIP-966);
 * version 4 allows features that begin at 0.
 */
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

/** The broker's epoch, which its heartbeats carry from then on. */
export const BrokerRegistrationResponse = message({
  kind: 'response',
  name: 'BrokerRegistrationResponse',
  key: 62,
  versions: '0-4',
  flexible: '0+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'CLUSTER_AUTHORIZATION_FAILED',
    'UNSUPPORTED_VERSION',
    'NOT_CONTROLLER',
    'INVALID_REQUEST',
    'DUPLICATE_BROKER_REGISTRATION',
    'BROKER_ID_NOT_REGISTERED',
    'INCONSISTENT_CLUSTER_ID',
    'INVALID_REGISTRATION',
  ],
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    brokerEpoch: int64({ default: -1 }),
  },
})
export interface BrokerRegistrationResponse extends Infer<typeof BrokerRegistrationResponse> {}
