/** Many producers whose records must be on disk before they are acknowledged. */
import { spentMetrics, spentText } from '../loads/measure.ts'
import { produceRdkafka } from '../loads/rdkafka.ts'
import { lanesOf, replay } from '../replay/replay.ts'
import { inRounds, inTurns, type Scenario } from '../samples.ts'
import { withBoth } from '../servers.ts'
import { withTopic } from '../topics.ts'

const partitions = 4
const producers = 16

const shapes = [
  {
    name: '1 KiB, one record a request, one request in flight',
    batch: { recordCount: 1, recordSizeBytes: 1024 },
    width: 1,
  },
  { name: '16 KiB batches, five requests in flight', batch: { recordCount: 15, recordSizeBytes: 1024 }, width: 5 },
] as const

export const durable: Scenario = {
  name: 'durable',
  title: 'Every record on disk before it is acknowledged',
  about:
    `${producers} producers, four partitions. Ours gathers what arrives while the disk is busy and flushes it once (group commit), Apache ` +
    'Kafka runs with log.flush.interval.messages=1. This is our default; Apache Kafka leaves flushing to the operating system and to ' +
    'replicas unless told otherwise. The replayed rows are sixteen connections of one load process.',
  durability: 'flush',
  minutes: 1.4,
  goals: [{ text: 'at least 3 times the throughput at 16 producers', metric: /MB\/s/, bound: { ratio: 3 } }],
  plots: ['MB/s'],
  async run(options) {
    const { quick, rounds, say, record } = options
    await withBoth('flush', async (servers) => {
      const round = async (number: number): Promise<void> => {
        for (const { name, batch, width } of shapes) {
          for (const server of inTurns(servers, number)) {
            const lane = { kind: 'produce', acks: -1, batch, width, connections: producers / partitions } as const
            const { produce, seconds, serverCpuSeconds } = await withTopic(server, 'durable', partitions, () =>
              replay([server.pid], {
                lanes: lanesOf(server, 'durable', partitions, lane),
                warmUpMs: 500,
                measureMs: quick ? 1000 : 2500,
              }),
            )
            if (number === 0) continue
            const spent = {
              seconds,
              megabytesPerSecond: produce.payloadBytes / 1e6 / seconds,
              serverCpuSecondsPerGigabyte: serverCpuSeconds / (produce.payloadBytes / 1e9),
            }
            say(`${number}/${rounds} ${server.name}: ${name}: ${spentText(spent)}, p99 ${produce.p99Ms.toFixed(1)} ms`)
            record(
              { case: `${name}, replayed`, subject: server.name },
              { ...spentMetrics(spent), 'p99 ms': produce.p99Ms },
            )
          }
        }
        if (number === 0) return
        for (const server of inTurns(servers, number)) {
          const load = { topic: 'durable', recordSizeBytes: 1024, acks: 'all', batches: 'default' } as const
          const spent = await withTopic(server, load.topic, partitions, () =>
            produceRdkafka(server, { ...load, records: quick ? 48_000 : 160_000 }, producers),
          )
          const name = '1 KiB, default batches, rdkafka_performance'
          say(`${number}/${rounds} ${server.name}: ${name}: ${spentText(spent)}`)
          record({ case: name, subject: server.name }, spentMetrics(spent))
        }
      }
      await round(0)
      await inRounds(options, round)
    })
  },
}
