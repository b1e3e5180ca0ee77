/** The most that goes through one server on this machine, load program included. */
import { consumeRdkafka, produceRdkafka, type FetchSize } from '../loads/rdkafka.ts'
import { spentText, type Spent } from '../loads/measure.ts'
import { lanesOf, replay } from '../replay/replay.ts'
import { inRounds, inTurns, type Scenario } from '../samples.ts'
import { withBoth } from '../servers.ts'
import { withTopic } from '../topics.ts'

const partitions = 4
const fetch: FetchSize = 'default'

export const brokerPeak: Scenario = {
  name: 'broker-peak',
  title: 'Peak throughput',
  about:
    'As much as goes through on this machine, load included. rdkafka_performance with 1 MiB batches and acks=1, with two producers, and ' +
    'two consumers that read everything each from the page cache; it takes several times the CPU of the server at 100 B, so those rows ' +
    'say little about servers. The replayed rows send requests that were encoded once, five in flight to each of four partitions.',
  durability: 'page-cache',
  minutes: 1.6,
  goals: [
    { text: 'at least 1.2 times the MB/s', metric: /MB\/s/, bound: { ratio: 1.2 } },
    { text: 'at least 1.2 times the records/s', metric: /records\/s/, bound: { ratio: 1.2 } },
  ],
  plots: ['MB/s'],
  async run(options) {
    const { quick, rounds, say, record } = options
    const megabytes = { 1024: quick ? 300 : 600, 100: quick ? 60 : 120 } as const
    await withBoth('page-cache', async (servers) => {
      const round = async (number: number): Promise<void> => {
        for (const recordSizeBytes of [1024, 100] as const) {
          const size = recordSizeBytes === 1024 ? '1 KiB' : '100 B'
          const records = Math.round((megabytes[recordSizeBytes] * 1e6) / recordSizeBytes)
          for (const server of inTurns(servers, number)) {
            const note = (name: string, spent: Spent): void => {
              if (number === 0) return
              say(`${number}/${rounds} ${server.name}: ${name}: ${spentText(spent)}`)
              record(
                { case: name, subject: server.name },
                {
                  'MB/s': spent.megabytesPerSecond,
                  'records/s': (spent.megabytesPerSecond * 1e6) / recordSizeBytes,
                },
              )
            }
            const load = { topic: 'peak', records, recordSizeBytes, acks: 1, batches: '1MiB' } as const
            await withTopic(server, load.topic, partitions, async () => {
              note(`${size}, produce, rdkafka_performance`, await produceRdkafka(server, load, 2))
              note(`${size}, consume, rdkafka_performance`, await consumeRdkafka(server, load, fetch, 2))
            })
          }
        }
        for (const [batchName, recordCount] of [
          ['16 KiB', 15],
          ['1 MiB', 1000],
        ] as const) {
          for (const server of inTurns(servers, number)) {
            const batch = { recordCount, recordSizeBytes: 1024 }
            const lanes = lanesOf(server, 'peak', partitions, { kind: 'produce', acks: -1, batch, width: 5 } as const)
            const replayed = await withTopic(server, 'peak', partitions, () =>
              replay([server.pid], { lanes, warmUpMs: 300, measureMs: quick ? 500 : 1000 }),
            )
            if (number === 0) continue
            const megabytesPerSecond = replayed.produce.payloadBytes / 1e6 / replayed.seconds
            const name = `1 KiB, produce, ${batchName} batches replayed`
            say(`${number}/${rounds} ${server.name}: ${name}: ${megabytesPerSecond.toFixed(0)} MB/s`)
            record(
              { case: name, subject: server.name },
              { 'MB/s': megabytesPerSecond, 'records/s': (megabytesPerSecond * 1e6) / 1024 },
            )
          }
        }
      }
      await round(0)
      await inRounds(options, round)
    })
  },
}
