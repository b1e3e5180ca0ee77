/**
 * Nothing that clients ask for keeps a node's event loop so long that its heartbeats and elections suffer.
 *
 * A node in this process gets requests from another: large ones, ones that it must recompress, small ones on many connections, topics of a
 * thousand partitions. Between two turns of the timer the CPU time of this thread is taken: the longest stretch in which no timer could
 * run, whatever else the machine was doing. It is printed, and must stay below an eighth of what the others would tolerate.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { after, before, test } from 'node:test'
import { startServer, type Server } from '@braidlog/server'
import type { BatchShape } from '../../bench/replay/frames.ts'
import { lanesTo, replay } from '../../bench/replay/replay.ts'
import { createTopic, deleteTopic } from '../../bench/topics.ts'

/** `controller.quorum.fetch.timeout.ms`: the least that is tolerated anywhere. */
const TOLERATED_MS = 2_000
const BOUND_MS = TOLERATED_MS / 8
const MEASURE_MS = 2_000
const PARTITIONS = 4
const KILOBYTE = { recordSizeBytes: 1024 }

let directory: string
let server: Server
let port: number

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'braidlog-busy-'))
  const config = { 'log.dirs': directory, listeners: 'PLAINTEXT://127.0.0.1:0' }
  server = await startServer({ format: true, config })
  port = server.listeners[0]!.port
  // What runs for the first time is compiled: not what is measured.
  await createTopic({ port }, 'warm-up', 20)
  await deleteTopic({ port }, 'warm-up')
})
after(async () => {
  await server?.close()
  rmSync(directory, { recursive: true, force: true })
})

/** Runs `load`. @returns the most CPU milliseconds of this thread between two turns of a timer */
async function longestStretchMs(load: () => Promise<unknown>): Promise<number> {
  let longestUs = 0
  let isOver = false
  let before = process.threadCpuUsage()
  const look = (): void => {
    const now = process.threadCpuUsage()
    longestUs = Math.max(longestUs, now.user + now.system - before.user - before.system)
    before = now
    if (!isOver) setTimeout(look, 0)
  }
  look()
  try {
    await load()
  } finally {
    isOver = true
  }
  return longestUs / 1000
}

async function check(load: () => Promise<unknown>): Promise<void> {
  const stretchMs = await longestStretchMs(load)
  console.log(`  the longest stretch took ${stretchMs.toFixed(1)} ms of CPU; ${TOLERATED_MS} ms are tolerated`)
  assert.ok(stretchMs < BOUND_MS, `${stretchMs} ms`)
}

interface Shape {
  readonly batch: BatchShape
  readonly width: number
  readonly connections: number
  readonly configs?: Readonly<Record<string, string>>
}

async function produce({ batch, width, connections, configs }: Shape): Promise<void> {
  const topic = 'busy'
  const leaders = await createTopic({ port }, topic, PARTITIONS, configs)
  const lane = { kind: 'produce', acks: -1, batch, width, connections } as const
  await replay([], { lanes: lanesTo(leaders, topic, lane), warmUpMs: 500, measureMs: MEASURE_MS })
  await deleteTopic({ port }, topic)
}

test('requests of a megabyte', () =>
  check(() => produce({ batch: { ...KILOBYTE, recordCount: 1000 }, width: 5, connections: 4 })))

test('requests whose batches a topic wants in another codec', () =>
  check(() =>
    produce({
      batch: { ...KILOBYTE, recordCount: 900, codec: 'gzip' },
      width: 5,
      connections: 2,
      configs: { 'compression.type': 'lz4' },
    }),
  ))

test('small requests on many connections', () =>
  check(() => produce({ batch: { ...KILOBYTE, recordCount: 1 }, width: 5, connections: 64 })))

test('topics of a thousand partitions, made and deleted', () =>
  check(async () => {
    for (const topic of ['wide-1', 'wide-2']) {
      await createTopic({ port }, topic, 1000)
      await deleteTopic({ port }, topic)
    }
  }))
