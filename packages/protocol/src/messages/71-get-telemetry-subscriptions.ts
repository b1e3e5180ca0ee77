/** GetTelemetrySubscriptions (API key 71): asks which metrics a client should push. */
import { arrayOf, bool, int16, int32, int8, string, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** The client's instance id; the zero uuid asks for a new one (KIP-714). */
export const GetTelemetrySubscriptionsRequest = message({
  kind: 'request',
  name: 'GetTelemetrySubscriptionsRequest',
  key: 71,
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    clientInstanceId: uuid(),
  },
})
export interface GetTelemetrySubscriptionsRequest extends Infer<typeof GetTelemetrySubscriptionsRequest> {}

/** Metrics, interval, compression types and the id of the subscription. */
export const GetTelemetrySubscriptionsResponse = message({
  kind: 'response',
  name: 'GetTelemetrySubscriptionsResponse',
  key: 71,
  versions: '0',
  flexible: '0+',
  errors: ['UNKNOWN_SERVER_ERROR', 'UNSUPPORTED_VERSION', 'INVALID_REQUEST', 'THROTTLING_QUOTA_EXCEEDED'],
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    clientInstanceId: uuid(),
    subscriptionId: int32(),
    acceptedCompressionTypes: arrayOf(int8()),
    pushIntervalMs: int32(),
    telemetryMaxBytes: int32(),
    deltaTemporality: bool(),
    requestedMetrics: arrayOf(string()),
  },
})
export interface GetTelemetrySubscriptionsResponse extends Infer<typeof GetTelemetrySubscriptionsResponse> {}
