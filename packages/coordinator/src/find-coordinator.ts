/**
 * FindCoordinator (API key 10): which broker coordinates a group or a transaction. Pure: who leads a partition is asked
 * of the caller.
 */
import { ErrorCode } from '@braidlog/model'
import type { FindCoordinatorRequest, FindCoordinatorResponse } from '@braidlog/protocol'

export const CoordinatorType = { GROUP: 0, TRANSACTION: 1, SHARE: 2 } as const
export type CoordinatorType = (typeof CoordinatorType)[keyof typeof CoordinatorType]

export type CoordinatorLocation =
  | { readonly ok: true; readonly nodeId: number; readonly host: string; readonly port: number }
  | { readonly ok: false; readonly error: ErrorCode; readonly message?: string }

/** Version from which one request asks for several keys (KIP-699), and from which share coordinators exist. */
const SEVERAL_KEYS_VERSION = 4
const SHARE_VERSION = 6

/**
 * Answers every version: one key up to v3, several since v4.
 * @param locate asked once per key that is well-formed; answers COORDINATOR_NOT_AVAILABLE while the internal topic or a
 *   leader for the partition is missing, or an authorization error
 */
export function findCoordinator(
  request: FindCoordinatorRequest,
  apiVersion: number,
  locate: (type: CoordinatorType, key: string) => CoordinatorLocation,
): FindCoordinatorResponse {
  const type = coordinatorType(request.keyType, apiVersion)
  const found = (key: string): Omit<Coordinator, 'key'> =>
    toCoordinator(type === undefined ? { ok: false, error: ErrorCode.INVALID_REQUEST } : locate(type, key))
  if (apiVersion >= SEVERAL_KEYS_VERSION) {
    const coordinators = request.coordinatorKeys.map((key) => ({ key, ...found(key) }))
    const unused = { nodeId: 0, host: '', port: 0 }
    return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, errorMessage: null, ...unused, coordinators }
  }
  return { throttleTimeMs: 0, ...found(request.key), coordinators: [] }
}

type Coordinator = FindCoordinatorResponse['coordinators'][number]

function coordinatorType(keyType: number, apiVersion: number): CoordinatorType | undefined {
  if (keyType === CoordinatorType.GROUP || keyType === CoordinatorType.TRANSACTION) return keyType
  return keyType === CoordinatorType.SHARE && apiVersion >= SHARE_VERSION ? keyType : undefined
}

function toCoordinator(location: CoordinatorLocation): Omit<Coordinator, 'key'> {
  if (location.ok) {
    const { nodeId, host, port } = location
    return { nodeId, host, port, errorCode: ErrorCode.NONE, errorMessage: null }
  }
  return { nodeId: -1, host: '', port: -1, errorCode: location.error, errorMessage: location.message ?? null }
}
