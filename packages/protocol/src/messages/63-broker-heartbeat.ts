/** BrokerHeartbeat (API key 63). */
import { arrayOf, bool, int16, int32, int64, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const BrokerHeartbeatResponse = message({
  kind: 'response',
  name: 'BrokerHeartbeatResponse',
  key: 63,
  versions: '0-2',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    isCaughtUp: bool(),
    isFenced: bool({ default: true }),
    shouldShutDown: bool(),
  },
})
export interface BrokerHeartbeatResponse extends Infer<typeof BrokerHeartbeatResponse> {}
