/**
 * What a topic pays for having its records checked against schemas, and what other topics pay: ns per record, minimum of
 * rounds. `node packages/broker/bench/record-validation.ts`
 */
import { silentLogger } from '@braidlog/base'
import { defaultLogConfig } from '@braidlog/log'
import type { SchemaRules } from '@braidlog/model'
import type { Partition } from '@braidlog/partition'
import { BatchBuilder, RecordScanner, openBatch, type CompressionType } from '@braidlog/records'
import { nodeCodecs, systemClock, systemTimers } from '@braidlog/runtime'
import { RecordValidation } from '../src/record-validation/record-validation.ts'

const RECORDS = 1_000
const ROUNDS = 40

function batchOf(compression: CompressionType, headers: boolean): Uint8Array {
  const builder = new BatchBuilder({ codecs: nodeCodecs, sizeBytesMax: 1 << 22, compression })
  const guid = Buffer.from('0100112233445566778899aabbccddeeff', 'hex')
  for (let i = 0; i < RECORDS; i++) {
    const value = Buffer.alloc(headers ? 89 : 94, i)
    if (headers) builder.append(null, value, 1_000, [{ key: '__value_schema_id', value: guid }])
    else {
      value.writeUInt8(0, 0)
      value.writeInt32BE(1, 1)
      builder.append(null, value, 1_000)
    }
  }
  return Uint8Array.prototype.slice.call(builder.build({}))
}

function partitionOf(schemaRules: SchemaRules | undefined): Partition {
  const config = { ...defaultLogConfig, schemaRules }
  return { log: { topic: 'orders', logStartOffset: 0, config } } as unknown as Partition
}

export async function run(say: (text: string) => void, rounds = ROUNDS): Promise<void> {
  const validation = new RecordValidation({
    registry: {
      lookup: {
        find: async () => ({ subjects: ['orders-value'], content: { schemaType: 'X', schema: '', references: [] } }),
      },
      formats: async () => ({ compile: () => ({ recordName: () => 'a', fault: () => undefined }) }),
      timeoutMs: 1_000,
      outage: 'refuse',
      cacheSize: 1_000,
      cacheMs: Infinity,
      unknownMs: 1_000,
    },
    clock: systemClock,
    timers: systemTimers,
    codecs: nodeCodecs,
    logger: silentLogger,
  })
  const source = { isClosed: false }
  const id = { subjectName: 'topic', payload: false } as const
  const payload = { subjectName: 'topic', payload: true } as const
  const plain = partitionOf(undefined)
  const ids = partitionOf({ key: undefined, value: id })
  const payloads = partitionOf({ key: undefined, value: payload })
  const batches = { prefix: batchOf('none', false), header: batchOf('none', true), lz4: batchOf('lz4', false) }
  const inspect = (replica: Partition, batch: Uint8Array) => validation.inspect(source, replica, batch, 0, batch.length)
  for (const batch of Object.values(batches)) {
    for (const replica of [ids, payloads]) {
      const held = inspect(replica, batch)
      if (held !== undefined && 'bytes' in held) await new Promise<unknown>((resolve) => (held.onSettled = resolve))
    }
  }
  const scanner = new RecordScanner()
  const cases: readonly (readonly [name: string, run: () => void])[] = [
    ['a topic that asks for nothing (the hook, per batch of 1,000)', () => void hook(plain, validation)],
    [
      'reading the records alone',
      () => {
        const { prefix } = batches
        const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.length)
        const records = openBatch(prefix, view, 0, { codecs: nodeCodecs }).scan(scanner)
        while (records.next());
      },
    ],
    ['id in front', () => void inspect(ids, batches.prefix)],
    ['id in front, lz4', () => void inspect(ids, batches.lz4)],
    ['GUID in a header', () => void inspect(ids, batches.header)],
    ['id in front, and a payload check that does nothing', () => void inspect(payloads, batches.prefix)],
  ]
  const best = cases.map(() => Infinity)
  for (let round = 0; round < rounds; round++) {
    for (const [i, [, measured]] of cases.entries()) {
      const startMs = performance.now()
      for (let n = 0; n < 20; n++) measured()
      best[i] = Math.min(best[i]!, (performance.now() - startMs) / 20)
    }
  }
  for (const [i, [name]] of cases.entries()) say(`${((best[i]! * 1e6) / RECORDS).toFixed(3).padStart(9)} ns  ${name}`)
}

/** As the produce handler asks. */
function hook(replica: Partition, validation: RecordValidation): boolean {
  return replica.log.config.schemaRules !== undefined || validation.heldCount > 0
}

if (import.meta.main) await run((text) => console.log(text))
