/**
 * FindCoordinator (API key 10): which broker coordinates a group or a transaction. Pure: who leads a partition is asked
 * of the caller.
 */
import type { ErrorCode } from '@braidlog/model'
import type { FindCoordinatorRequest, FindCoordinatorResponse } from '@braidlog/protocol'

export const CoordinatorType = { GROUP: 0, TRANSACTION: 1, SHARE: 2 } as const
export type CoordinatorType = (typeof CoordinatorType)[keyof typeof CoordinatorType]

export type CoordinatorLocation =
  | { readonly ok: true; readonly nodeId: number; readonly host: string; readonly port: number }
  | { readonly ok: false; readonly error: ErrorCode; readonly message?: string }

/**
 * Answers every version: one key up to v3, several since v4.
 * @param locate asked once per key that is well-formed; answers COORDINATOR_NOT_AVAILABLE while the internal topic or a
 *   leader for the partition is missing, or an authorization error
 */
export function findCoordinator(
  _request: FindCoordinatorRequest,
  _apiVersion: number,
  _locate: (type: CoordinatorType, key: string) => CoordinatorLocation,
): FindCoordinatorResponse {
  throw new Error('being written')
}
