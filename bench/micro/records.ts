/** Records into batches and out of them, checksums, codecs. */
import { BatchBuilder, crc32c, openBatch, RecordScanner, viewOf, type CompressionType } from '@braidlog/records'
import { nodeCodecs } from '@braidlog/runtime'
import { values } from '../values.ts'
import type { MicroBench } from './micro.ts'

const recordCount = 150
const sizeBytes = 100
const all = values(sizeBytes)
const texts = all.map((value) => value.toString())
const key = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
const headers = [{ key: 'trace', value: key }]

function builder(): BatchBuilder {
  return new BatchBuilder({ codecs: nodeCodecs, sizeBytesMax: 1 << 20, buffer: new Uint8Array(1 << 20) })
}

function batch(): Uint8Array {
  const into = builder()
  for (let i = 0; i < recordCount; i++) into.append(null, all[i]!, 1000)
  return into.build().slice()
}

const building: MicroBench = {
  title: 'records: build a batch of 150 × 100 B, a record',
  count: recordCount,
  open() {
    const into = builder()
    const build = (append: (index: number) => void): number => {
      into.reset()
      for (let i = 0; i < recordCount; i++) append(i)
      return into.build().length
    }
    return {
      variants: {
        bytes: () => build((i) => into.append(null, all[i]!, 1000)),
        text: () => build((i) => into.append(null, texts[i]!, 1000)),
        'key and bytes': () => build((i) => into.append(key, all[i]!, 1000)),
        'key, bytes and a header': () => build((i) => into.append(key, all[i]!, 1000, headers)),
      },
    }
  },
}

const iterating: MicroBench = {
  title: 'records: iterate a batch of 150 × 100 B, a record',
  count: recordCount,
  open() {
    const bytes = batch()
    const scanner = new RecordScanner()
    const opened = () => openBatch(bytes, viewOf(bytes), 0, { codecs: nodeCodecs, verifyCrc: false })
    return {
      variants: {
        'positions only'() {
          opened().scan(scanner)
          let sum = 0
          while (scanner.next()) sum += scanner.valueEnd
          return sum
        },
        offsets() {
          let sum = 0
          for (const record of opened()) sum += record.offset
          return sum
        },
        values() {
          let sum = 0
          for (const record of opened()) sum += record.value!.length
          return sum
        },
      },
    }
  },
}

const checksums: readonly MicroBench[] = [100, 16_384, 1 << 20].map((size) => ({
  title: `records: CRC-32C of ${size.toLocaleString('en-US')} B`,
  sizeBytes: size,
  open() {
    const bytes = new Uint8Array(size).map((_, index) => index)
    return {
      variants: { native: () => nodeCodecs.crc32c(bytes, 0, size), plain: () => crc32c(bytes, 0, size) },
    }
  },
}))

const codecs: readonly MicroBench[] = (['gzip', 'snappy', 'lz4', 'zstd'] satisfies CompressionType[]).map((type) => ({
  title: `records: ${type} of 15 KB of JSON`,
  sizeBytes: recordCount * sizeBytes,
  open() {
    const plain = Buffer.concat(all.slice(0, recordCount))
    const packed = nodeCodecs.compress(type, plain)
    return {
      variants: {
        compress: () => nodeCodecs.compress(type, plain),
        decompress: () => nodeCodecs.decompress(type, packed, 1 << 20),
      },
    }
  },
}))

export const recordsBenches: readonly MicroBench[] = [building, iterating, ...checksums, ...codecs]
