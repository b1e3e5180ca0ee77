/** Batches that are recompressed off the event loop: their order, their bound, and what becomes of broken ones. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ErrorCode } from '@braidlog/model'
import { batches, plainCodecs, viewOf, type Codecs } from '@braidlog/records'
import type { AppendWaiter } from '@braidlog/partition'
import { Recompressor } from '../src/recompressor.ts'
import { clientBatch, fetchFrom, FROM_CLIENT, Harness, nameOf, type BatchOptions } from './support.ts'

/** A "gzip" that inverts bytes, and ends when the test says so: `finish` by number of the call. */
class HeldCodecs {
  readonly finish: (() => void)[] = []
  readonly codecs: Codecs = {
    ...plainCodecs,
    compress: (type, bytes) => (type === 'none' ? bytes : invert(bytes)),
    decompress: (type, bytes) => (type === 'none' ? bytes : invert(bytes)),
    compressAsync: (_type, bytes) =>
      new Promise((resolve, reject) => {
        this.finish.push(() => (bytes.length > 5000 ? reject(new Error('no memory')) : resolve(invert(bytes))))
      }),
  }
}

const invert = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0xff)

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('recompression', () => {
  async function open() {
    const { codecs, finish } = new HeldCodecs()
    const harness = await Harness.open({ codecs })
    const partition = await harness.partition({ compressionType: 'gzip' })
    const results: string[] = []
    const send = (name: string, options: BatchOptions): void => {
      const batch = clientBatch(options)
      const waiter: AppendWaiter = {
        onAppended: ({ errorCode, baseOffset }) => void results.push(`${name} ${nameOf(errorCode)} @${baseOffset}`),
        onFailure: (error) => void results.push(`${name} ${String(error)}`),
      }
      if (partition.mustRecompress(viewOf(batch), 0)) partition.appendRecompressed(batch, FROM_CLIENT, waiter)
      else waiter.onAppended(partition.append(batch, 0, batch.length, FROM_CLIENT))
    }
    return { harness, partition, results, send, finish, codecs }
  }

  it('keeps the order of a partition, whichever batch is compressed first', async () => {
    const { harness, partition, results, send, finish, codecs } = await open()
    const producer = { producerId: 5, producerEpoch: 0 }
    send('a', { ...producer, baseSequence: 0, records: 2 })
    send('b', { ...producer, baseSequence: 2 })
    send('c', { ...producer, baseSequence: 3 })
    await settled()
    finish[2]!()
    finish[1]!()
    await settled()
    assert.deepEqual(results, [])
    finish[0]!()
    await settled()
    assert.deepEqual(results, ['a NONE @0', 'b NONE @2', 'c NONE @3'])
    await harness.turn()
    const stored = [...batches(fetchFrom(partition).records!.toBytes(), { codecs })]
    assert.deepEqual(
      stored.map((batch) => [...batch].length),
      [2, 1, 1],
    )
  })

  it('lets a batch that needs none wait behind one that does', async () => {
    const { harness, partition, results, send, finish } = await open()
    send('a', {})
    partition.reconfigure({ ...partition.log.config, compressionType: 'producer' })
    send('b', {})
    await settled()
    assert.deepEqual(results, [])
    finish[0]!()
    await settled()
    send('c', {})
    assert.deepEqual(results, ['a NONE @0', 'b NONE @1', 'c NONE @2'])
    await harness.turn()
    assert.equal(partition.highWatermark, 3)
  })

  it('refuses what cannot be recompressed, and goes on with the next', async () => {
    const { results, send, finish, partition } = await open()
    send('a', { valueSizeBytes: 6000 })
    send('b', {})
    partition.appendRecompressed(clientBatch().fill(1, 65), FROM_CLIENT, {
      onAppended: (result) => void results.push(nameOf(result.errorCode)),
      onFailure: assert.fail,
    })
    assert.deepEqual(results, ['CORRUPT_MESSAGE'], 'a wrong checksum is known at once')
    await settled()
    finish[1]!()
    finish[0]!()
    await settled()
    assert.deepEqual(results.slice(1), ['a Error: no memory', 'b NONE @0'])
    assert.equal(partition.metrics.appendsFailed, 1)
  })

  it('tells who waits of what it has thrown, and goes on with the next', async () => {
    const { results, send, finish, partition } = await open()
    const batch = clientBatch()
    partition.appendRecompressed(batch, FROM_CLIENT, {
      onAppended: () => {
        throw new Error('a bug')
      },
      onFailure: (error) => void results.push(String(error)),
    })
    send('b', {})
    await settled()
    for (const each of finish) each()
    await settled()
    assert.deepEqual(results, ['Error: a bug', 'b NONE @1'])
  })

  it('tells when the partition has gone meanwhile', async () => {
    const { results, send, finish, partition } = await open()
    send('a', {})
    await settled()
    partition.resign(ErrorCode.NOT_LEADER_OR_FOLLOWER)
    finish[0]!()
    await settled()
    assert.deepEqual(results, ['a NOT_LEADER_OR_FOLLOWER @-1'])
  })

  it('takes no more than its bound, counted over all partitions, and again once something was handed back', async () => {
    const { codecs, finish } = new HeldCodecs()
    const recompressor = new Recompressor(codecs, 250)
    const batch = clientBatch({ valueSizeBytes: 20 })
    const [one, other] = [{}, {}]
    const take = (partition: object): boolean =>
      recompressor.take(partition, batch, { type: 'gzip', level: undefined }, () => {})
    assert.deepEqual([batch.length < 125, take(one), take(other), take(one)], [true, true, true, false])
    await settled()
    finish[0]!()
    await settled()
    assert.deepEqual([recompressor.hasLine(one), recompressor.hasLine(other), take(one)], [false, true, true])
  })
})
