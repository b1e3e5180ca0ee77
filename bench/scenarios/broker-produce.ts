/** Produce as fast as one client can, and what the server spends on it. */
import { produceJava, produceRdkafka, type ProduceLoad, type Spent } from '../loads.ts'
import { samplesOf, type Sample, type Scenario } from '../samples.ts'
import { withBoth, withTopic, type Durability } from '../servers.ts'

const partitions = 4

interface Case {
  readonly name: string
  readonly durability: Durability
  readonly client: 'rdkafka' | 'java'
  readonly load: Omit<ProduceLoad, 'topic' | 'records'>
  readonly megabytes: number
}

function cases(quick: boolean): Case[] {
  const all: Case[] = []
  for (const recordSizeBytes of [100, 1024] as const) {
    for (const batches of ['default', '1MiB'] as const) {
      for (const acks of [1, 'all'] as const) {
        all.push({
          name: `${recordSizeBytes === 100 ? '100 B' : '1 KiB'}, ${batches === 'default' ? 'default' : '1 MiB'} batches, acks=${acks}`,
          durability: 'page-cache',
          client: 'rdkafka',
          load: { recordSizeBytes, batches, acks },
          megabytes: (quick ? 1 : 4) * (recordSizeBytes === 100 ? 100 : 300),
        })
      }
    }
  }
  const java = { durability: 'page-cache', client: 'java', megabytes: quick ? 200 : 1000 } as const
  all.push({
    ...java,
    name: 'Java client, 1 KiB, default batches, acks=all',
    load: { recordSizeBytes: 1024, batches: 'default', acks: 'all' },
  })
  const flush = { durability: 'flush', client: 'rdkafka', megabytes: quick ? 100 : 300 } as const
  all.push({
    ...flush,
    name: 'on disk before it is acknowledged: 1 KiB, default batches, acks=all',
    load: { recordSizeBytes: 1024, batches: 'default', acks: 'all' },
  })
  return all
}

function metrics(spent: Spent): Record<string, number> {
  return { 'MB/s': spent.megabytesPerSecond, 'server CPU s/GB': spent.serverCpuSecondsPerGigabyte }
}

export const brokerProduce: Scenario = {
  name: 'broker-produce',
  title: 'Produce',
  about:
    'One producer, four partitions, a fresh topic each time. rdkafka_performance (librdkafka) unless the row says otherwise. MB/s is often ' +
    'the limit of the client, which shares two cores with the server; CPU seconds of the server per gigabyte of payload are its own.',
  async run({ quick, rounds, say }) {
    const samples: Sample[] = []
    for (const durability of ['page-cache', 'flush'] as const) {
      const group = cases(quick).filter((one) => one.durability === durability)
      await withBoth(durability, async (servers) => {
        // Round 0 warms the servers up and does not count.
        for (let round = 0; round <= rounds; round++) {
          for (const { name, client, load, megabytes } of group) {
            for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
              const records = Math.round((megabytes * 1e6) / load.recordSizeBytes / (round === 0 ? 4 : 1))
              const topic = `produce-${round}-${load.recordSizeBytes}-${load.batches}-${load.acks}-${client}`
              const produce = client === 'java' ? produceJava : produceRdkafka
              const spent = await withTopic(server, topic, partitions, () =>
                produce(server, { topic, records, ...load }),
              )
              say(
                `${round}/${rounds} ${server.name}: ${name}: ${spent.megabytesPerSecond.toFixed(0)} MB/s, ${spent.serverCpuSecondsPerGigabyte.toFixed(2)} s/GB`,
              )
              if (round > 0) samples.push(...samplesOf({ case: name, subject: server.name }, metrics(spent)))
            }
          }
        }
      })
    }
    return samples
  },
}
