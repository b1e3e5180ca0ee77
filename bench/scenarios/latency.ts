/** How long a record waits for its acknowledgement at steady rates. */
import { latencyRdkafka, produceJava, type Latency, type ProduceLoad } from '../loads.ts'
import { samplesOf, type Sample, type Scenario } from '../samples.ts'
import { withBoth, withTopic } from '../servers.ts'

const partitions = 4

function metrics(latency: Latency): Record<string, number> {
  return { 'p50 ms': latency.p50, 'p99 ms': latency.p99, 'p99.9 ms': latency.p999 }
}

export const latency: Scenario = {
  name: 'latency',
  title: 'Latency',
  about:
    'From the send to the acknowledgement. Single records at 1,000 a second: rdkafka_performance with linger 0. At a third of the peak: ' +
    'ProducerPerformance with 1 KiB records, at a third of what it reaches with the slower of the two servers; its resolution is a ' +
    'millisecond.',
  async run({ quick, rounds, say }) {
    const samples: Sample[] = []
    for (const durability of ['page-cache', 'flush'] as const) {
      const suffix = durability === 'flush' ? ', on disk before it is acknowledged' : ''
      await withBoth(durability, async (servers) => {
        const base = { recordSizeBytes: 1024, acks: 'all', batches: 'default' } as const
        let peak = Infinity
        for (const server of servers) {
          // Twice, since the first warms the server up.
          for (const topic of ['latency-warm', 'latency-peak']) {
            const load: ProduceLoad = { ...base, topic, records: quick ? 200_000 : 500_000 }
            const spent = await withTopic(server, topic, partitions, () => produceJava(server, load))
            if (topic === 'latency-peak') peak = Math.min(peak, load.records / spent.seconds)
          }
        }
        const third = Math.round(peak / 3)
        say(`${durability}: a third of the peak is ${third} records/s`)
        for (let round = 0; round <= rounds; round++) {
          for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
            const note = (name: string, measured: Latency): void => {
              say(
                `${round}/${rounds} ${server.name}: ${name}: p50 ${measured.p50.toFixed(2)}, p99 ${measured.p99.toFixed(2)}, p99.9 ${measured.p999.toFixed(2)} ms`,
              )
              if (round > 0)
                samples.push(...samplesOf({ case: `${name}${suffix}`, subject: server.name }, metrics(measured)))
            }
            const single = {
              topic: `latency-single-${round}`,
              recordSizeBytes: 100,
              acks: 'all',
              batches: 'default',
              recordsPerSecond: 1000,
              records: quick ? 5000 : 20_000,
            } as const
            note(
              '100 B, 1,000 records/s, linger 0',
              await withTopic(server, single.topic, partitions, () => latencyRdkafka(server, single)),
            )
            const steady = {
              ...base,
              topic: `latency-third-${round}`,
              recordsPerSecond: third,
              records: third * (quick ? 6 : 20),
            }
            note(
              '1 KiB, a third of the peak',
              await withTopic(server, steady.topic, partitions, () => produceJava(server, steady)),
            )
          }
        }
      })
    }
    return samples
  },
}
