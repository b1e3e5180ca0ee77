/** The runs behind the cost model of `docs/explanation/scaling.md`: loads whose requests, bytes and connections are known exactly. */
import { setTimeout as delay } from 'node:timers/promises'
import type { PeerServer } from '../../conformance/peers/server.ts'
import {
  checkRuns,
  fetchCheckRuns,
  fetchFitRuns,
  fetchName,
  fitRuns,
  runName,
  syncConnections,
  syncName,
  type FetchRun,
  type ModelRun,
} from '../model/runs.ts'
import { cpuSeconds, memory } from '../process-usage.ts'
import { fillTopic, lanesOf, replay } from '../replay/replay.ts'
import { inRounds, inTurns, type Scenario, type ScenarioOptions } from '../samples.ts'
import { startSubject, subjects, withBoth } from '../servers.ts'
import { createTopic, withTopic } from '../topics.ts'
import { countingSyncs } from '../syncs.ts'
import { warmUp } from '../warm-up.ts'
import { openIdle } from './memory.ts'

const partitions = 4
const fetchTopic = 'model-fetch'
const fetchBatch = { recordCount: 15, recordSizeBytes: 1024 }

/** CPU of the server per produce request, µs. */
async function measureProduce(server: PeerServer, run: ModelRun, measureMs: number): Promise<number> {
  const { batch, connections, width } = run
  return withTopic(server, 'model', partitions, async () => {
    const lanes = lanesOf(server, 'model', partitions, { kind: 'produce', acks: -1, batch, width } as const)
    const { produce, serverCpuSeconds } = await replay([server.pid], {
      lanes: spread(lanes, connections),
      warmUpMs: 200,
      measureMs,
    })
    return (serverCpuSeconds / produce.requests) * 1e6
  })
}

/** The same per fetch request, of batches of 16 KiB. */
async function measureFetch(server: PeerServer, run: FetchRun, measureMs: number): Promise<number> {
  const { maxBytes, connections } = run
  const lanes = lanesOf(server, fetchTopic, partitions, {
    kind: 'fetch',
    batch: fetchBatch,
    maxBytes,
    loops: true,
  } as const)
  const { fetch, serverCpuSeconds } = await replay([server.pid], {
    lanes: spread(lanes, connections),
    warmUpMs: 200,
    measureMs,
  })
  return (serverCpuSeconds / fetch.requests) * 1e6
}

/** The runs that are checked stand between those that are fitted: the machine changes while it is measured. */
function mixed<T>(fitted: readonly T[], checked: readonly T[]): readonly T[] {
  const stride = Math.floor(fitted.length / checked.length)
  return fitted.flatMap((run, index) => {
    const check = index % stride === stride - 1 ? checked[Math.floor(index / stride)] : undefined
    return check === undefined ? [run] : [run, check]
  })
}

/** As many connections in all: a lane for each partition, or fewer. */
function spread<T extends object>(lanes: readonly T[], connections: number): (T & { connections: number })[] {
  const used = lanes.slice(0, Math.min(lanes.length, connections))
  return used.map((lane) => ({ ...lane, connections: connections / used.length }))
}

/** Our durable mode: what a request costs there, and how many of them one sync covers. */
async function measureSyncs({ quick, say, record }: ScenarioOptions): Promise<void> {
  const server = await startSubject('braidlog', 'flush')
  try {
    await warmUp([server])
    for (const connections of syncConnections) {
      const lane = { kind: 'produce', acks: -1, batch: { recordCount: 1, recordSizeBytes: 1024 }, width: 1 } as const
      const lanes = spread(lanesOf(server, 'syncs', partitions, lane), connections)
      const name = syncName(connections)
      await withTopic(server, 'syncs', partitions, async () => {
        // Counted over warm-up and measurement alike: the ratio to requests is what counts.
        const { result, syncs } = await countingSyncs(server.pid, () =>
          replay([server.pid], { lanes, warmUpMs: 0, measureMs: quick ? 700 : 2000 }),
        )
        const { produce, seconds, serverCpuSeconds } = result
        const metrics = {
          'CPU µs/request': (serverCpuSeconds / produce.requests) * 1e6,
          'requests/s': produce.requests / seconds,
          ...(syncs === undefined ? {} : { 'requests that one fdatasync covers': produce.requests / syncs }),
        }
        say(
          `${name}: ${Object.entries(metrics)
            .map(([metric, value]) => `${metric} ${value.toFixed(1)}`)
            .join(', ')}`,
        )
        record({ case: name, subject: 'braidlog' }, metrics)
      })
    }
  } finally {
    await server.stop()
  }
}

async function measureMemory({ quick, say, record }: ScenarioOptions): Promise<void> {
  for (const subject of subjects) {
    const server = await startSubject(subject, 'page-cache')
    try {
      const note = (name: string, bytes: number): void => {
        say(`${subject}: ${name}: ${(bytes / 2 ** 20).toFixed(1)} MiB`)
        record({ case: name, subject }, { 'resident MiB': bytes / 2 ** 20 })
      }
      await delay(quick ? 1000 : 4000)
      const resident = (): number => memory(server.pid).residentBytes
      note('nothing', resident())
      const sockets = []
      for (const count of [1000, 2000]) {
        sockets.push(...(await openIdle(server.port, 1000)))
        await delay(500)
        note(`${count} connections`, resident())
      }
      for (const socket of sockets) socket.destroy()
      await delay(1000)
      note('0 partitions', resident())
      // Apache Kafka needs minutes for thousands; a thousand tell as much.
      for (const count of subject === 'kafka' ? [1000] : [1000, 2000, 4000]) {
        const before = subject === 'kafka' ? 0 : Math.floor(count / 2 / 1000) * 1000
        for (let made = before; made < count; made += 1000) await createTopic(server, `partitions-${made}`, 1000)
        await delay(500)
        note(`${count} partitions`, resident())
      }
      const cpuBefore = cpuSeconds(server.pid)
      const idleMs = quick ? 1000 : 4000
      await delay(idleMs)
      const spent = ((cpuSeconds(server.pid) - cpuBefore) / idleMs) * 1000
      record({ case: 'idle with these partitions', subject }, { 'CPU s/s': spent })
    } finally {
      await server.stop()
    }
  }
}

export const model: Scenario = {
  name: 'model',
  title: 'Cost model',
  about: 'Runs that the cost model is fitted to, and three that it is checked against.',
  durability: 'page-cache',
  minutes: 1.9,
  page: 'scaling',
  async run(options) {
    const { rounds, say, record } = options
    const measureMs = options.quick ? 300 : 500
    await withBoth('page-cache', async (servers) => {
      await warmUp(servers)
      for (const server of servers) {
        await createTopic(server, fetchTopic, partitions)
        await fillTopic(server, fetchTopic, partitions, { batch: fetchBatch, records: 200_000 })
      }
      await inRounds({ ...options, rounds: Math.min(rounds, 3) }, async (number) => {
        const note = (server: PeerServer, name: string, microseconds: number): void => {
          say(`${number} ${server.name}: ${name}: ${microseconds.toFixed(1)} µs`)
          record({ case: name, subject: server.name }, { 'CPU µs/request': microseconds })
        }
        for (const run of mixed(fitRuns, checkRuns)) {
          for (const server of inTurns(servers, number))
            note(server, runName(run), await measureProduce(server, run, measureMs))
        }
        for (const run of mixed(fetchFitRuns, fetchCheckRuns)) {
          for (const server of inTurns(servers, number))
            note(server, fetchName(run), await measureFetch(server, run, measureMs))
        }
      })
    })
    await measureSyncs(options)
    await measureMemory(options)
  },
}
