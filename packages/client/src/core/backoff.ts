/** Pauses between attempts: doubling up to a bound, spread by ±20 % so that many clients do not knock in step (KIP-580). */
import type { Random } from '@braidlog/base'

export interface BackoffBounds {
  readonly backoffMs: number
  readonly backoffMaxMs: number
}

/** @param failures how many attempts have failed so far; 0 gives no pause */
export function backoffDelayMs(failures: number, bounds: BackoffBounds, random: Random): number {
  if (failures <= 0) return 0
  const base = Math.min(bounds.backoffMaxMs, bounds.backoffMs * 2 ** Math.min(failures - 1, 30))
  const spread = 0.8 + (random.uint32() / 2 ** 32) * 0.4
  return Math.round(base * spread)
}
