/**
 * A node under clients that mean harm, or that were written in a hurry: it stays alive within a bound of memory, serves
 * whoever behaves, loses nothing, and opens its directory again afterwards.
 *
 * `HOSTILE_SEED` chooses other mutations than the default ones.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { SeededRandom } from '@braidlog/base'
import { startBraidlog } from '../peers/braidlog.ts'
import { batchOf } from '../differential/batches.ts'
import * as attacks from './attacks.ts'
import { WellBehaved } from './well-behaved.ts'

const seed = Number(process.env['HOSTILE_SEED'] ?? 1)
const HEAP_MAX_MIB = 192
/** Heap, request memory, responses under way, and what the runtime itself takes. */
const RSS_MAX_MIB = 640
/** Of an acknowledged write while an attack runs, on a busy machine. */
const LATENCY_MAX_MS = 5_000
const LATENCY_MEDIAN_MAX_MS = 500
const PAGE_SIZE = 4096

const properties = {
  'max.connections': 300,
  'queued.max.request.bytes': 64 << 20,
  'socket.request.max.bytes': 16 << 20,
  'auto.create.topics.enable': false,
  'offsets.topic.num.partitions': 2,
}

test(`stays well under hostile clients (seed ${seed})`, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'braidlog-hostile-'))
  const options = { dir, properties, nodeFlags: [`--max-old-space-size=${HEAP_MAX_MIB}`] }
  let node = await startBraidlog(options)
  try {
    const { port, pid } = node
    const client = new WellBehaved(port, 'well-behaved')
    for (const topic of ['well-behaved', 'victim', 'victim-2', 'large']) await client.createTopic(topic)
    for (let i = 0; i < 20; i++) assert.equal(await client.write('large', batchOf(['x'.repeat(900_000)])), 0)
    client.start()
    const random = new SeededRandom(seed)
    let rssMaxMiB = 0
    const sampling = setInterval(() => {
      rssMaxMiB = Math.max(rssMaxMiB, rssMiB(pid))
    }, 100)
    for (const [name, attack] of Object.entries(attacks)) {
      const from = client.latenciesMs.length
      const startMs = performance.now()
      rssMaxMiB = 0
      await attack({ port, random })
      const latencies = client.latenciesMs.slice(from).toSorted((a, b) => a - b)
      const latencyMaxMs = latencies.at(-1) ?? Infinity
      const medianMs = latencies[latencies.length >> 1] ?? Infinity
      const told = `${name}: ${Math.round(performance.now() - startMs)} ms, RSS ${Math.round(rssMaxMiB)} MiB, produce median ${medianMs.toFixed(1)} ms, max ${latencyMaxMs.toFixed(0)} ms of ${latencies.length}`
      t.diagnostic(told)
      assert.ok(rssMiB(pid) > 0, `alive after ${told}\n${node.log()}`)
      assert.ok(rssMaxMiB < RSS_MAX_MIB, `memory within ${RSS_MAX_MIB} MiB: ${told}`)
      assert.ok(latencyMaxMs < LATENCY_MAX_MS, `latency within ${LATENCY_MAX_MS} ms: ${told}`)
      assert.ok(medianMs < LATENCY_MEDIAN_MAX_MS, `median latency within ${LATENCY_MEDIAN_MAX_MS} ms: ${told}`)
    }
    clearInterval(sampling)
    await client.stop()
    const expected = Array.from({ length: client.acknowledged }, (_, i) => `${i}`)
    assert.deepEqual(await client.readAll(), expected, 'all that was acknowledged is there, in order')
    client.close()
    assert.doesNotMatch(node.log(), /^ERROR/m)
    await node.stop()
    node = await startBraidlog(options)
    const later = new WellBehaved(node.port, 'well-behaved')
    assert.deepEqual(await later.readAll(), expected, 'and after a restart')
    later.close()
  } finally {
    await node.stop()
    rmSync(dir, { recursive: true, force: true })
  }
})

/** Resident memory of a process; 0 when it is gone. */
function rssMiB(pid: number): number {
  try {
    return (Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_SIZE) / 2 ** 20
  } catch {
    return 0
  }
}
