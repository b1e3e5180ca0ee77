/**
 * ControllerRegistration: where the controllers listen and what they support, for brokers and for feature upgrades.
 * Source: KIP-919.
 */
import { controllerRecord } from '@braidlog/metadata'
import { METADATA_VERSION_FEATURE } from '@braidlog/model'
import type { ControllerRegistrationRequest, ControllerRegistrationResponse } from '@braidlog/protocol'
import { fault, NO_FAULT } from './fault.ts'
import type { ControllerState, Decision } from './state.ts'

/** metadata.version from which controllers register. */
export const CONTROLLER_REGISTRATION_LEVEL = 15

export function decideControllerRegistration(
  state: ControllerState,
  request: ControllerRegistrationRequest,
): Decision<ControllerRegistrationResponse> {
  const { metadataVersion } = state
  const { controllerId, incarnationId, zkMigrationReady, listeners } = request
  const refused = (result: ReturnType<typeof fault>) => ({ records: [], response: { throttleTimeMs: 0, ...result } })
  if (metadataVersion < CONTROLLER_REGISTRATION_LEVEL) {
    return refused(fault('UNSUPPORTED_VERSION', `controllers do not register at metadata.version ${metadataVersion}`))
  }
  const features = request.features.map(({ name, minSupportedVersion, maxSupportedVersion }) => ({
    name,
    levelMin: minSupportedVersion,
    levelMax: maxSupportedVersion,
  }))
  const range = features.find(({ name }) => name === METADATA_VERSION_FEATURE)
  if (range === undefined || metadataVersion < range.levelMin || metadataVersion > range.levelMax) {
    return refused(fault('UNSUPPORTED_VERSION', `controller ${controllerId} does not support ${metadataVersion}`))
  }
  const registration = { id: controllerId, incarnationId, zkMigrationReady, endpoints: listeners, features }
  return { records: [controllerRecord(registration)], response: { throttleTimeMs: 0, ...NO_FAULT } }
}
