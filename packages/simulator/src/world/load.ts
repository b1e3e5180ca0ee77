/**
 * Loads what is otherwise loaded at its first use: that takes real time, in which no virtual time passes, and only in the
 * first of two runs.
 */
import { apiIndex } from '@braidlog/protocol/wire'

export async function loadEverything(): Promise<void> {
  for (const entry of Object.values(apiIndex)) await entry.load()
}
