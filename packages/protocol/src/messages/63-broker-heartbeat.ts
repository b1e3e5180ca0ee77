/** BrokerHeartbeat (API key 63): keeps a broker registered. */
import { arrayOf, bool, int16, int32, int64, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * How far the broker has read the metadata, and whether it wants to be fenced or to shut down (KIP-631). Version 1
 * names offline log directories (KIP-858), version 2 cordoned ones.
 */
export const BrokerHeartbeatRequest = message({
  kind: 'request',
  name: 'BrokerHeartbeatRequest',
  key: 63,
  versions: '0-2',
  flexible: '0+',
  listeners: ['controller'],
  fields: {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1 }),
    currentMetadataOffset: int64(),
    wantFence: bool(),
    wantShutDown: bool(),
    offlineLogDirs: arrayOf(uuid(), { versions: '1+', tag: 0, tagged: '1+' }),
    cordonedLogDirs: arrayOf(uuid(), { versions: '2+', nullable: '2+', default: null, tag: 1, tagged: '2+' }),
  },
})
export interface BrokerHeartbeatRequest extends Infer<typeof BrokerHeartbeatRequest> {}

/** Whether the broker is caught up, fenced, and free to shut down. */
export const BrokerHeartbeatResponse = message({
  kind: 'response',
  name: 'BrokerHeartbeatResponse',
  key: 63,
  versions: '0-2',
  flexible: '0+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'CLUSTER_AUTHORIZATION_FAILED',
    'NOT_CONTROLLER',
    'INVALID_REQUEST',
    'STALE_BROKER_EPOCH',
    'BROKER_ID_NOT_REGISTERED',
  ],
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    isCaughtUp: bool(),
    isFenced: bool({ default: true }),
    shouldShutDown: bool(),
  },
})
export interface BrokerHeartbeatResponse extends Infer<typeof BrokerHeartbeatResponse> {}
