/**
 * The index between two runs: one JSON file for each cluster. It is a cache: a file that is missing, damaged or of another
 * version means that the topics are read from their beginning.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { UsageIndex, type UsageSnapshot } from './usage-index.ts'

export function usageFile(directory: string, clusterId: string): string {
  return join(directory, `${clusterId.replaceAll(/[^\w.-]/g, '_')}.json`)
}

export async function loadUsage(file: string): Promise<UsageIndex> {
  try {
    const snapshot = JSON.parse(await readFile(file, 'utf8')) as UsageSnapshot
    return snapshot.version === 1 ? UsageIndex.from(snapshot) : new UsageIndex()
  } catch {
    return new UsageIndex()
  }
}

/** Whole or not at all: written beside, then renamed. */
export async function saveUsage(file: string, index: UsageIndex): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const beside = `${file}.${process.pid}.tmp`
  await writeFile(beside, JSON.stringify(index.snapshot()))
  await rename(beside, file)
}
