/** PushTelemetry (API key 72). */
import { bool, bytes, int16, int32, int8, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const PushTelemetryRequest = message({
  kind: 'request',
  name: 'PushTelemetryRequest',
  key: 72,
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    clientInstanceId: uuid(),
    subscriptionId: int32(),
    terminating: bool(),
    compressionType: int8(),
    metrics: bytes(),
  },
})
export interface PushTelemetryRequest extends Infer<typeof PushTelemetryRequest> {}

export const PushTelemetryResponse = message({
  kind: 'response',
  name: 'PushTelemetryResponse',
  key: 72,
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
  },
})
export interface PushTelemetryResponse extends Infer<typeof PushTelemetryResponse> {}
