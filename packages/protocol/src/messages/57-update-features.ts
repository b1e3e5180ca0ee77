/** UpdateFeatures (API key 57). */
import { bool, int16, int32, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const UpdateFeaturesResponse = message({
  kind: 'response',
  name: 'UpdateFeaturesResponse',
  key: 57,
  versions: '0-2',
  flexible: '0+',
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
