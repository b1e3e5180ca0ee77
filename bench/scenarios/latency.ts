/** How long a record waits for its acknowledgement, and for its consumer, while the server has other things to do. */
import { endToEndJava, produceJava } from '../loads/java.ts'
import { latencyMetrics, latencyText, type Latency, type ProduceLoad } from '../loads/measure.ts'
import { probeRdkafka } from '../loads/rdkafka.ts'
import { lanesOf, replay } from '../replay/replay.ts'
import { inRounds, inTurns, type Scenario, type ScenarioOptions } from '../samples.ts'
import { withBoth, type Durability } from '../servers.ts'
import { withTopic } from '../topics.ts'

const partitions = 4

/** Of the producer, five hundred probes a second: one every two milliseconds, for which rdkafka_performance needs not poll busily. */
const probesPerSecond = 500

async function measure(durability: Durability, options: ScenarioOptions): Promise<void> {
  const { quick, rounds, say, record } = options
  const base = { recordSizeBytes: 1024, acks: 'all', batches: 'default' } as const
  const seconds = quick ? 4 : 8
  await withBoth(durability, async (servers) => {
    let peak = Infinity
    for (const server of servers) {
      // Twice, since the first warms the server up.
      for (const counts of [false, true]) {
        const load: ProduceLoad = { ...base, topic: 'peak', records: quick ? 100_000 : 250_000 }
        const spent = await withTopic(server, 'peak', partitions, () => produceJava(server, load))
        if (counts) peak = Math.min(peak, load.records / spent.seconds)
      }
    }
    const third = Math.round(peak / 3)
    say(`a third of the peak is ${third} records/s`)
    await inRounds(options, async (number) => {
      for (const server of inTurns(servers, number)) {
        const note = (name: string, latency: Latency): void => {
          say(`${number}/${rounds} ${server.name}: ${name}: ${latencyText(latency)}`)
          record({ case: name, subject: server.name }, latencyMetrics(latency))
        }
        await withTopic(server, 'third', partitions, async () => {
          const steady = { ...base, topic: 'third', recordsPerSecond: third, records: third * seconds }
          const probe = {
            topic: 'probe',
            recordSizeBytes: 100,
            acks: 'all',
            recordsPerSecond: probesPerSecond,
          } as const
          const records = probesPerSecond * (seconds - 2)
          const [background, probed] = await Promise.all([
            produceJava(server, steady),
            withTopic(server, 'probe', partitions, () => probeRdkafka(server, { ...probe, records })),
          ])
          note('at a third of the peak: ProducerPerformance to acknowledgement', background)
          note('at a third of the peak: single records to acknowledgement', probed.produce)
          note('at a third of the peak: single records to consumer', probed.endToEnd)
        })
        note(
          'nothing else to do: EndToEndLatency to consumer',
          await withTopic(server, 'alone', 1, () =>
            endToEndJava(server, { topic: 'alone', recordSizeBytes: 100, records: quick ? 1000 : 3000 }),
          ),
        )
        const lane = { kind: 'produce', acks: -1, batch: { recordCount: 1, recordSizeBytes: 100 }, width: 1 } as const
        const lanes = lanesOf(server, 'small', partitions, { ...lane, connections: 64 / partitions })
        const { produce } = await withTopic(server, 'small', partitions, () =>
          replay([server.pid], { lanes, warmUpMs: 1000, measureMs: quick ? 1000 : 2000 }),
        )
        note('64 connections, one record of 100 B each at a time', {
          p50: produce.p50Ms,
          p99: produce.p99Ms,
          p999: produce.p999Ms,
        })
      }
    })
  })
}

const about =
  'A third of the peak is a third of what ProducerPerformance reaches with 1 KiB records at the slower server; at that rate it reports ' +
  'whole milliseconds. Beside it go 500 single records a second of 100 B from rdkafka_performance, linger 0, to a topic of their own, with ' +
  'a consumer that waits for them. The 64 connections are replayed, and send the next record as soon as the last one is acknowledged: ' +
  'there the server has as much to do as it can.'
const goals = [
  { text: 'p99 no longer', metric: /^p99 ms/, bound: { ratio: 1 } },
  { text: 'p99.9 no longer', metric: /^p99\.9 ms/, bound: { ratio: 1 } },
]

export const latency: Scenario = {
  name: 'latency',
  title: 'Latency',
  about,
  durability: 'page-cache',
  minutes: 1.8,
  goals,
  plots: ['p99 ms'],
  run: (options) => measure('page-cache', options),
}

export const latencyDurable: Scenario = {
  name: 'latency-durable',
  title: 'Latency with every record on disk',
  about,
  durability: 'flush',
  minutes: 1.8,
  goals,
  plots: ['p99 ms'],
  run: (options) => measure('flush', options),
}
