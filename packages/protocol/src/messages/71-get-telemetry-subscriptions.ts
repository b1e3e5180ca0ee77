/** GetTelemetrySubscriptions (API key 71). */
import { arrayOf, bool, int16, int32, int8, string, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const GetTelemetrySubscriptionsResponse = message({
  kind: 'response',
  name: 'GetTelemetrySubscriptionsResponse',
  key: 71,
  versions: '0',
  flexible: '0+',
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
