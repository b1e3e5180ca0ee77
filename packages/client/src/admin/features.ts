/** Admin call that raises or lowers finalized features (KIP-584, KIP-778). */
import type { Cluster } from '../cluster.ts'
import type { FeatureUpdate, ValidateOptions } from './types.ts'
import { adminCall, checkCode } from './calls.ts'

/** `FeatureUpdate.UpgradeType` of the protocol. */
const UPGRADE_TYPES = { upgrade: 1, 'safe-downgrade': 2, 'unsafe-downgrade': 3 } as const

export async function updateFeatures(
  cluster: Cluster,
  updates: readonly FeatureUpdate[],
  options?: ValidateOptions,
): Promise<void> {
  await adminCall(cluster, 'updateFeatures', options, async (call) => {
    const body = {
      timeoutMs: Math.max(1, Math.floor(call.remainingMs())),
      featureUpdates: updates.map(({ name, level, kind = 'upgrade' }) => ({
        feature: name,
        maxVersionLevel: level,
        upgradeType: UPGRADE_TYPES[kind],
      })),
      validateOnly: options?.validateOnly ?? false,
    }
    const response = await cluster.request('controller', 'UpdateFeatures', body, call)
    for (const { feature, errorCode, errorMessage } of response.results) checkCode(errorCode, feature, errorMessage)
    checkCode(response.errorCode, 'updateFeatures', response.errorMessage)
  })
}
