/** Several broker processes on one machine, started by one command: how produce and consume scale. */
import type { BatchShape } from '../replay/frames.ts'
import { lanesTo, replay, type Replayed } from '../replay/replay.ts'
import { inRounds, type Scenario } from '../samples.ts'
import { durabilityProperties, startSubject } from '../servers.ts'
import { withSeveralBrokers } from '../several-brokers.ts'
import { createTopic, deleteTopic } from '../topics.ts'

const partitions = 4

interface Load {
  readonly name: string
  readonly batch: BatchShape
  /** Requests in flight on each connection. */
  readonly width: number
  /** Producers of each partition. */
  readonly connections: number
}

const loads: readonly Load[] = [
  { name: '16 KiB batches', batch: { recordCount: 15, recordSizeBytes: 1024 }, width: 2, connections: 1 },
  { name: 'one record of 100 B a request', batch: { recordCount: 1, recordSizeBytes: 100 }, width: 64, connections: 4 },
]

interface Place {
  readonly subject: string
  /** Starts it, and calls back with a port and the processes to watch. */
  readonly run: <T>(use: (port: number, pids: readonly number[]) => Promise<T>) => Promise<T>
}

const severalBrokers = 'braidlog 2 brokers'

const places: readonly Place[] = [
  ...[1, 2].map((count): Place => ({
    subject: count === 1 ? 'braidlog' : severalBrokers,
    run: (use) =>
      withSeveralBrokers(count, durabilityProperties('braidlog', 'page-cache'), ({ port, pids }) => use(port, pids)),
  })),
  {
    subject: 'kafka',
    async run(use) {
      const server = await startSubject('kafka', 'page-cache')
      try {
        return await use(server.port, [server.pid])
      } finally {
        await server.stop()
      }
    },
  },
]

export const brokers: Scenario = {
  name: 'brokers',
  title: 'Several brokers on one machine',
  about:
    '`braidlog dev --brokers 2` starts two nodes, each a process with an event loop, a port and a directory of its own; clients find the ' +
    'leaders in the metadata. Four partitions, a consumer at the tail of each; to each of them 16 KiB batches on one connection, two ' +
    'requests in flight, or requests of one record on four connections, 64 in flight on each: there the load, replayed by one process, ' +
    'takes a fraction of what a broker does, so that one event loop is the bound. Load and servers share the two cores. Apache Kafka is ' +
    'one process with many threads. MB/s are of payload, in and out added up; requests are those of producers.',
  durability: 'page-cache',
  minutes: 1.6,
  goals: [
    {
      text: 'two brokers at least 1.5 times one, where the load leaves them the cores',
      metric: /times those of one/,
      case: /one record/,
      bound: { figure: 1.5 },
    },
  ],
  plots: ['requests/s'],
  async run(options) {
    const { quick, rounds, say, record } = options
    const measureMs = quick ? 1000 : 2000
    await inRounds({ ...options, rounds: Math.min(rounds, 3) }, async (number) => {
      /** Of one broker, by load. */
      const alone = new Map<Load, number>()
      for (const { subject, run } of places) {
        await run(async (port, pids) => {
          for (const load of loads) {
            // The first topic warms up, most of all Apache Kafka's compilers.
            await replayTo(port, pids, load, { topic: 'warm-up', measureMs: 1500 })
            const replayed = await replayTo(port, pids, load, { topic: 'scaling', measureMs })
            const { produce, fetch, seconds, serverCpuSeconds, cpuSeconds } = replayed
            const gigabytes = (produce.payloadBytes + fetch.payloadBytes) / 1e9
            const rate = produce.requests / seconds
            if (!alone.has(load)) alone.set(load, rate)
            const metrics = {
              'MB/s in and out': (gigabytes * 1000) / seconds,
              'requests/s': rate,
              ...(subject === severalBrokers && { 'requests/s, times those of one': rate / alone.get(load)! }),
              'server CPU s/GB': serverCpuSeconds / gigabytes,
              'load CPU s/GB': cpuSeconds / gigabytes,
            }
            const text = Object.entries(metrics).map(([metric, value]) => `${metric} ${value.toFixed(2)}`)
            say(`${number}/${rounds} ${subject}: ${load.name}: ${text.join(', ')}`)
            record({ case: `produce and consume at once: ${load.name}`, subject }, metrics)
          }
        })
      }
    })
  },
}

async function replayTo(
  port: number,
  pids: readonly number[],
  { batch, width, connections }: Load,
  { topic, measureMs }: { readonly topic: string; readonly measureMs: number },
): Promise<Replayed> {
  const leaders = await createTopic({ port }, topic, partitions)
  const lanes = [
    ...lanesTo(leaders, topic, { kind: 'produce', acks: -1, batch, width, connections } as const),
    ...lanesTo(leaders, topic, { kind: 'fetch', batch, maxBytes: 1 << 20 } as const),
  ]
  try {
    return await replay(pids, { lanes, warmUpMs: 300, measureMs })
  } finally {
    await deleteTopic({ port }, topic)
  }
}
