/**
 * Segment files under `kafka-dump-log`: which there are, and what the tool says about them.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { runTool } from '../peers/kafka.ts'

const suffixes = ['.log', '.index', '.timeindex', '.txnindex']

/** Log and index files of one partition's folder, or of every folder in `directory` whose name matches `folders`. */
export function segmentFiles(directory: string, folders?: RegExp): string[] {
  if (folders !== undefined) {
    return readdirSync(directory)
      .filter((name) => folders.test(name))
      .toSorted()
      .flatMap((name) => segmentFiles(join(directory, name)))
  }
  return readdirSync(directory)
    .filter((name) => suffixes.some((suffix) => name.endsWith(suffix)))
    .toSorted()
    .map((name) => join(directory, name))
}

export interface Dump {
  readonly stdout: string
  /** Lines that say that something is wrong. */
  readonly complaints: readonly string[]
  /** How many single records it printed. */
  readonly records: number
}

/** What DumpLogSegments writes when a file is not as it should be; it does not fail then. */
const complaint = /mismatch|out of order|corrupt|failed|invalid|exception|could not|error|warn/i
const badBatch = /isvalid: false/
/** It takes -1 for the offset before the first of a file, and finds fault with every segment that does not begin at 0. */
const gap = /^\s+\d+ is followed by \d+/

export async function dumpLog(files: readonly string[], ...flags: readonly string[]): Promise<Dump> {
  const { stdout, stderr } = await runTool(
    'org.apache.kafka.tools.DumpLogSegments',
    [...flags, '--files', files.join(',')],
    { timeoutMs: 120_000 },
  )
  return {
    stdout,
    complaints: `${stdout}\n${stderr}`
      .split('\n')
      .filter((line) =>
        /^(?:\||baseOffset:|offset:)/.test(line) ? badBatch.test(line) : complaint.test(line) || gap.test(line),
      )
      .map((line) => line.slice(0, 300)),
    records: stdout.split('\n').filter((line) => /^\| offset: \d+/.test(line)).length,
  }
}
