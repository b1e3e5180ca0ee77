/** PushTelemetry (API key 72): pushes a client's metrics. */
import { bool, bytes, int16, int32, int8, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** Metrics in OpenTelemetry's format, perhaps compressed; the last push of a client says so (KIP-714). */
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

/** One result. */
export const PushTelemetryResponse = message({
  kind: 'response',
  name: 'PushTelemetryResponse',
  key: 72,
  versions: '0',
  flexible: '0+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'INVALID_REQUEST',
    'UNSUPPORTED_COMPRESSION_TYPE',
    'INVALID_RECORD',
    'THROTTLING_QUOTA_EXCEEDED',
    'UNKNOWN_SUBSCRIPTION_ID',
    'TELEMETRY_TOO_LARGE',
  ],
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
  },
})
export interface PushTelemetryResponse extends Infer<typeof PushTelemetryResponse> {}
