/** A directory that is still there after a power cut: the entries that lead to it are synced, too. */
import type { Storage } from '@braidlog/base'

/** Makes the directory and its parents, durably. Does nothing when it is there. */
export async function makeDirectoryDurably(storage: Storage, path: string): Promise<void> {
  const missing: string[] = []
  for (let at = path; at !== '' && at !== '/' && !storage.exists(at); at = parentOf(at)) missing.push(at)
  if (missing.length === 0) return
  storage.makeDirectory(path)
  for (const directory of missing.toReversed()) await storage.syncDirectory(parentOf(directory))
}

/** `''` is the root of the storage. */
function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash > 0 ? path.slice(0, slash) : path.startsWith('/') ? '/' : ''
}
