/** The producer's memory: records in, batches out, acknowledgements. No socket. */
import { json, string, type Deserializer } from '@braidlog/client'
import { nodeCodecs } from '@braidlog/runtime'
import { Accumulator } from '../../packages/client/src/core/accumulator.ts'
import { values } from '../values.ts'
import type { MicroBench } from './micro.ts'

const recordCount = 1000
const partitions = 4

const accumulator: MicroBench = {
  title: 'client: accumulate and drain 1,000 records, a record',
  count: recordCount,
  open() {
    const all = values(100)
    const options = {
      codecs: nodeCodecs,
      lingerMs: 0,
      batchSizeBytes: 65_536,
      bufferMemoryBytes: 32 << 20,
      maxRequestSizeBytes: 1 << 20,
      deliveryTimeoutMs: 120_000,
      idempotence: false,
      compression: 'none',
      compressionLevel: undefined,
      offloadSizeBytes: Infinity,
      backoffMs: () => 0,
      leaderOf: () => 1,
      shareBytes: () => Infinity,
    } as const
    const into = new Accumulator(options)
    let acknowledged = 0
    const completion = { acknowledged: () => void acknowledged++, failed: () => {} }
    return {
      variants: {
        'with a completion each'() {
          for (let i = 0; i < recordCount; i++)
            into.append('orders', i % partitions, null, all[i % all.length]!, undefined, 1000, completion, 0, 0)
          for (;;) {
            const { requests } = into.drain(0, { isFree: () => true, take: () => {} }, true)
            if (requests.length === 0) return acknowledged
            for (const { batches } of requests) {
              for (const batch of batches) {
                batch.seal(nodeCodecs)
                into.acknowledged(batch, 0, -1)
              }
            }
          }
        },
      },
    }
  },
}

const serdes: MicroBench = {
  title: 'client: serdes, a value of 100 B',
  open() {
    const value = JSON.parse(values(100)[0]!.toString()) as object
    const [asJson, asString] = [json<object>(), string()]
    const context = { topic: 'orders', isKey: false }
    const bytes = values(100)[0]!
    const read = <T>(serde: Deserializer<T>): unknown => serde.deserialize(bytes, context as never)
    return {
      variants: {
        'JSON, write': () => asJson.serialize(value, context as never),
        'JSON, read': () => read(asJson),
        'text, read': () => read(asString),
      },
    }
  },
}

export const clientBenches: readonly MicroBench[] = [accumulator, serdes]
