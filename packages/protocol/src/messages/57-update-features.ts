/** UpdateFeatures (API key 57): changes the finalized features of the cluster. */
import { bool, int16, int32, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * Per feature the new level, and whether it may go down (KIP-584). Version 1 can ask without changing (KIP-778).
 * Forwarded to the controller.
 */
export const UpdateFeaturesRequest = message({
  kind: 'request',
  name: 'UpdateFeaturesRequest',
  key: 57,
  versions: '0-2',
  flexible: '0+',
  listeners: ['broker', 'controller'],
  fields: {
    timeoutMs: int32({ default: 60000 }),
    featureUpdates: structs({
      feature: string(),
      maxVersionLevel: int16(),
      allowDowngrade: bool({ versions: '0' }),
      upgradeType: int8({ versions: '1+', default: 1 }),
    }),
    validateOnly: bool({ versions: '1+' }),
  },
})
export interface UpdateFeaturesRequest extends Infer<typeof UpdateFeaturesRequest> {}

/** One result; per feature up to version 1. */
export const UpdateFeaturesResponse = message({
  kind: 'response',
  name: 'UpdateFeaturesResponse',
  key: 57,
  versions: '0-2',
  flexible: '0+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'REQUEST_TIMED_OUT',
    'CLUSTER_AUTHORIZATION_FAILED',
    'NOT_CONTROLLER',
    'INVALID_REQUEST',
    'INVALID_UPDATE_VERSION',
    'FEATURE_UPDATE_FAILED',
  ],
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+' }),
    results: structs(
      {
        feature: string(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+' }),
      },
      { versions: '0-1', ignorable: true },
    ),
  },
})
export interface UpdateFeaturesResponse extends Infer<typeof UpdateFeaturesResponse> {}
