/** Start, restart and memory of the server process. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { kcat } from '../../conformance/peers/kcat.ts'
import type { PeerServer } from '../../conformance/peers/server.ts'
import { produceRdkafka } from '../loads.ts'
import { cpuSeconds, memory } from '../process-usage.ts'
import { samplesOf, type Sample, type Scenario } from '../samples.ts'
import { startSubject, withAdmin, withTopic, type Subject } from '../servers.ts'

const subjects: readonly Subject[] = ['braidlog', 'kafka']
const mebibyte = 1024 * 1024

/** A record that is acknowledged, by a client that is a process of its own and takes about as long for both. */
async function produceOne(server: PeerServer, topic: string): Promise<void> {
  await kcat(
    ['-P', '-b', server.bootstrap, '-t', topic, '-p', '0', '-X', 'acks=all', '-X', 'reconnect.backoff.ms=10'],
    { input: 'x' },
  )
}

/** From the start of the process, over its first answer, to the first acknowledged record. */
async function timeStart(
  subject: Subject,
  directory: string,
  topic: string,
): Promise<{ metrics: Record<string, number>; server: PeerServer }> {
  const startedMs = performance.now()
  const server = await startSubject(subject, 'page-cache', { dir: directory })
  const answeredMs = performance.now()
  await produceOne(server, topic)
  const producedMs = performance.now()
  return {
    server,
    metrics: {
      'process start to first answer, ms': answeredMs - startedMs,
      'process start to first acknowledged record, ms': producedMs - startedMs,
      'CPU until then, s': cpuSeconds(server.pid),
    },
  }
}

async function withDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'braidlog-bench-'))
  try {
    return await use(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
}

export const startup: Scenario = {
  name: 'startup',
  title: 'Start',
  about:
    'A formatted directory with one topic of one partition; the record comes from kcat, whose own start is in the figure.',
  async run({ rounds, say }) {
    const samples: Sample[] = []
    for (let round = 0; round < rounds; round++) {
      for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) {
        await withDirectory(async (directory) => {
          const first = await startSubject(subject, 'page-cache', { dir: directory })
          await withAdmin(first, (admin) =>
            admin.createTopics({ topics: [{ topic: 'startup', numPartitions: 1 }], waitForLeaders: true }),
          )
          await first.stop()
          const { server, metrics } = await timeStart(subject, directory, 'startup')
          await server.stop()
          say(
            `${round + 1}/${rounds} ${subject}: ${Object.values(metrics)
              .map((value) => value.toFixed(1))
              .join(', ')}`,
          )
          samples.push(...samplesOf({ case: 'one topic', subject }, metrics))
        })
      }
    }
    return samples
  },
}

export const restart: Scenario = {
  name: 'restart',
  title: 'Restart with many partitions',
  about:
    'Clean stop and start of a node that holds 1,000 and 10,000 empty partitions (only 1,000 with --quick); the record goes to one of them.',
  async run({ quick, say }) {
    const samples: Sample[] = []
    for (const partitions of quick ? [1000] : [1000, 10_000]) {
      for (const subject of subjects) {
        await withDirectory(async (directory) => {
          const first = await startSubject(subject, 'page-cache', { dir: directory })
          for (let made = 0; made < partitions; made += 1000) {
            const topic = `restart-${made}`
            await withAdmin(first, (admin) =>
              admin.createTopics({ topics: [{ topic, numPartitions: 1000 }], timeout: 120_000 }),
            )
            await produceOne(first, topic)
          }
          const stoppedMs = performance.now()
          await first.stop()
          const stopMs = performance.now() - stoppedMs
          const { server, metrics } = await timeStart(subject, directory, 'restart-0')
          const { residentBytes } = memory(server.pid)
          await server.stop()
          const all = { 'clean stop, ms': stopMs, ...metrics, 'resident memory, MiB': residentBytes / mebibyte }
          say(
            `${subject}, ${partitions} partitions: ${Object.entries(all)
              .map(([name, value]) => `${name} ${value.toFixed(0)}`)
              .join(', ')}`,
          )
          samples.push(...samplesOf({ case: `${partitions.toLocaleString('en-US')} partitions`, subject }, all))
        })
      }
    }
    return samples
  },
}

export const memoryUse: Scenario = {
  name: 'memory',
  title: 'Memory',
  about:
    'Resident memory of the process: ten seconds after the start, and after 5 GB of 1 KiB records went through it (0.5 GB with --quick).',
  async run({ quick, say }) {
    const samples: Sample[] = []
    const gigabytes = quick ? 0.5 : 5
    for (const subject of subjects) {
      const server = await startSubject(subject, 'page-cache')
      try {
        await delay(10_000)
        const idle = memory(server.pid)
        const load = {
          topic: 'memory',
          recordSizeBytes: 1024,
          records: Math.round((gigabytes * 1e9) / 1024),
          acks: 'all',
          batches: 'default',
        } as const
        await withTopic(server, load.topic, 4, () => produceRdkafka(server, load))
        const used = memory(server.pid)
        const metrics = {
          'idle, MiB': idle.residentBytes / mebibyte,
          [`after ${gigabytes} GB, MiB`]: used.residentBytes / mebibyte,
          'at most, MiB': used.residentBytesMax / mebibyte,
        }
        say(
          `${subject}: ${Object.entries(metrics)
            .map(([name, value]) => `${name} ${value.toFixed(0)}`)
            .join(', ')}`,
        )
        samples.push(...samplesOf({ case: 'resident memory', subject }, metrics))
      } finally {
        await server.stop()
      }
    }
    return samples
  },
}
