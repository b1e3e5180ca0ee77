/**
 * What a record costs to build, to scan and to read, in nanoseconds: interleaved rounds, the minimum of each.
 *
 * Run: `node packages/records/bench/records.ts`. Checksums are left out: they are measured with the codecs that do them.
 */
import { pathToFileURL } from 'node:url'
import {
  BatchBuilder,
  openBatch,
  plainCodecs,
  RecordScanner,
  viewOf,
  type Codecs,
  type RecordBatch,
} from '../src/index.ts'

export interface BenchOptions {
  readonly valueSizeBytes: number
  readonly batchSizeBytes: number
  readonly batchCount: number
  readonly rounds: number
}

const codecs: Codecs = { ...plainCodecs, crc32c: () => 0 }

/** @returns nanoseconds per record by what was done */
export function benchRecords(options: BenchOptions, nowNs: () => number): Record<string, number> {
  const { valueSizeBytes, batchSizeBytes, batchCount, rounds } = options
  const value = new Uint8Array(valueSizeBytes).fill(0x61)
  const text = 'a'.repeat(valueSizeBytes)
  const key = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
  const headers = [{ key: 'trace', value: key }]
  const builder = new BatchBuilder({ codecs, sizeBytesMax: batchSizeBytes, buffer: new Uint8Array(batchSizeBytes) })
  const scanner = new RecordScanner()
  let sink = 0

  const build = (append: () => boolean): number => {
    builder.reset()
    while (append());
    builder.build()
    return builder.recordCount
  }
  build(() => builder.append(null, value, 1_000))
  const bytes = builder.build().slice()
  const open = (): RecordBatch => openBatch(bytes, viewOf(bytes), 0, { codecs, verifyCrc: false })

  const tasks: Record<string, () => number> = {
    'build: bytes': () => build(() => builder.append(null, value, 1_000)),
    'build: key and bytes': () => build(() => builder.append(key, value, 1_000)),
    'build: text': () => build(() => builder.append(null, text, 1_000)),
    'build: key, bytes, header': () => build(() => builder.append(key, value, 1_000, headers)),
    'scan: positions only': () => {
      const batch = open()
      batch.scan(scanner)
      while (scanner.next()) sink += scanner.valueEnd
      return batch.recordCount
    },
    'read: offset of each record': () => {
      const batch = open()
      for (const record of batch) sink += record.offset
      return batch.recordCount
    },
    'read: value of each record': () => {
      const batch = open()
      for (const record of batch) sink += record.value!.length
      return batch.recordCount
    },
  }
  const best: Record<string, number> = {}
  for (let round = 0; round < rounds; round++) {
    for (const [name, task] of Object.entries(tasks)) {
      const start = nowNs()
      let records = 0
      for (let i = 0; i < batchCount; i++) records += task()
      const perRecord = (nowNs() - start) / records
      best[name] = Math.min(best[name] ?? Infinity, perRecord)
    }
  }
  // Uses what was computed, so that nothing is optimised away.
  if (Number.isNaN(sink)) throw new Error('unreachable')
  return best
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const batchSizeBytes of [16 * 1024, 1024 * 1024]) {
    const batchCount = Math.ceil((8 * 1024 * 1024) / batchSizeBytes)
    const result = benchRecords({ valueSizeBytes: 100, batchSizeBytes, batchCount, rounds: 12 }, () =>
      Number(process.hrtime.bigint()),
    )
    console.log(`100 B values, batches of ${batchSizeBytes / 1024} KiB`)
    for (const [name, ns] of Object.entries(result)) {
      console.log(`  ${name.padEnd(30)} ${ns.toFixed(1).padStart(7)} ns   ${(1000 / ns).toFixed(1).padStart(6)} M/s`)
    }
  }
}
