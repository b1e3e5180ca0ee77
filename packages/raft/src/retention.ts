/**
 * Which snapshots may go: a pure rule over what is there.
 *
 * The newest snapshot always stays. An older one goes when log and snapshots together exceed the byte limit, or when it
 * is older than the time limit; the log then starts at the end of the oldest that is left.
 * Source: KIP-630; `metadata.max.retention.bytes` and `.ms`.
 */
import type { SnapshotId } from '@braidlog/metadata'

export interface StoredSnapshot {
  readonly id: SnapshotId
  readonly sizeBytes: number
  /** Timestamp of the last record that it covers. */
  readonly timestampMs: number
}

export interface RetentionLimits {
  /** -1: no limit */
  readonly retentionBytes: number
  /** -1: no limit */
  readonly retentionMs: number
}

/** @param snapshots oldest first @returns those to delete, oldest first */
export function snapshotsToDelete(
  snapshots: readonly StoredSnapshot[],
  logSizeBytes: number,
  nowMs: number,
  limits: RetentionLimits,
): StoredSnapshot[] {
  let sizeBytes = snapshots.reduce((size, snapshot) => size + snapshot.sizeBytes, logSizeBytes)
  const doomed: StoredSnapshot[] = []
  for (const snapshot of snapshots.slice(0, -1)) {
    const tooLarge = limits.retentionBytes >= 0 && sizeBytes > limits.retentionBytes
    const tooOld = limits.retentionMs >= 0 && nowMs - snapshot.timestampMs > limits.retentionMs
    if (!tooLarge && !tooOld) break
    doomed.push(snapshot)
    sizeBytes -= snapshot.sizeBytes
  }
  return doomed
}
