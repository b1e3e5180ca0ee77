/** Several broker processes on one machine, started by one command: how produce and consume scale. */
import { lanesTo, replay } from '../replay/replay.ts'
import { inRounds, type Scenario } from '../samples.ts'
import { durabilityProperties, startSubject } from '../servers.ts'
import { withSeveralBrokers } from '../several-brokers.ts'
import { createTopic } from '../topics.ts'

const partitions = 4
const batch = { recordCount: 15, recordSizeBytes: 1024 }

interface Place {
  readonly name: string
  readonly subject: string
  /** Starts it, and calls back with a port and the processes to watch. */
  readonly run: <T>(use: (port: number, pids: readonly number[]) => Promise<T>) => Promise<T>
}

const places: readonly Place[] = [
  ...[1, 2].map((count): Place => ({
    name: 'produce and consume at once',
    subject: count === 1 ? 'braidlog' : `braidlog ${count} brokers`,
    run: (use) =>
      withSeveralBrokers(count, durabilityProperties('braidlog', 'page-cache'), ({ port, pids }) => use(port, pids)),
  })),
  {
    name: 'produce and consume at once',
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
    'leaders in the metadata. Four partitions, to each of them 16 KiB batches, two requests in flight, and from each of them a consumer ' +
    'at the tail, replayed by one process that takes about a quarter of what the servers do; it shares the two cores. Apache Kafka is one ' +
    'process with many threads. MB/s are of payload, in and out added up.',
  durability: 'page-cache',
  minutes: 0.8,
  plots: ['MB/s in and out'],
  async run(options) {
    const { quick, rounds, say, record } = options
    await inRounds({ ...options, rounds: Math.min(rounds, 3) }, async (number) => {
      for (const { name, subject, run } of places) {
        await run(async (port, pids) => {
          // The first topic warms up, most of all Apache Kafka's compilers.
          for (const topic of ['warm-up', 'scaling']) {
            const leaders = await createTopic({ port }, topic, partitions)
            const lanes = [
              ...lanesTo(leaders, topic, { kind: 'produce', acks: -1, batch, width: 2 } as const),
              ...lanesTo(leaders, topic, { kind: 'fetch', batch, maxBytes: 1 << 20 } as const),
            ]
            const measureMs = topic === 'warm-up' ? 1500 : quick ? 1000 : 2000
            const { produce, fetch, seconds, serverCpuSeconds, cpuSeconds } = await replay(pids, {
              lanes,
              warmUpMs: 300,
              measureMs,
            })
            if (topic === 'warm-up') continue
            const megabytes = (produce.payloadBytes + fetch.payloadBytes) / 1e6
            const metrics = {
              'MB/s in and out': megabytes / seconds,
              'server CPU s/GB': serverCpuSeconds / (megabytes / 1000),
              'load CPU s/GB': cpuSeconds / (megabytes / 1000),
            }
            say(
              `${number}/${rounds} ${subject}: ${Object.entries(metrics)
                .map(([metric, value]) => `${metric} ${value.toFixed(2)}`)
                .join(', ')}`,
            )
            record({ case: name, subject }, metrics)
          }
        })
      }
    })
  },
}
