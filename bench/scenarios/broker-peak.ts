/** The most that goes through one server on this machine, load program included. */
import { consumeRdkafka, produceRdkafka, type FetchSize } from '../loads/rdkafka.ts'
import { sizeOf, spentText, type Spent } from '../loads/measure.ts'
import { FreeMemory } from '../free-memory.ts'
import { machineCpuSeconds } from '../process-usage.ts'
import { withBareServer } from '../replay/bare.ts'
import { lanesOf, replay } from '../replay/replay.ts'
import { inRounds, inTurns, type Scenario, type ScenarioOptions } from '../samples.ts'
import { withBoth } from '../servers.ts'
import { withDirectory } from '../temporary.ts'
import { withTopic } from '../topics.ts'

const partitions = 4
const topic = 'peak'
const fetch: FetchSize = 'default'
const bareLoops = [
  ['loop', 'written on the loop'],
  ['pool', 'written in the pool'],
] as const

export const brokerPeak: Scenario = {
  name: 'broker-peak',
  title: 'Peak throughput',
  about:
    'As much as goes through on this machine, load included. rdkafka_performance with 1 MiB batches and acks=1, with two producers, and ' +
    'two consumers that read everything each from the page cache; it takes several times the CPU of the server at 100 B, so those rows ' +
    'say little about servers. The replayed rows send requests that were encoded once, five in flight to each of four partitions. Load CPU ' +
    'is that of the whole machine less that of the server. A bare event loop is Node.js without Braidlog: it reads the same requests, ' +
    'writes their batches into four files, on the event loop or in the thread pool, and acknowledges; nothing is checked or indexed. ' +
    'Before each measurement free memory is filled with pages of a file that nobody needs, as on a machine that has been up for a while.',
  durability: 'page-cache',
  minutes: 6,
  goals: [
    { text: 'at least 1.2 times the MB/s', metric: /MB\/s/, bound: { ratio: 1.2 } },
    { text: 'at least 1.2 times the records/s', metric: /records\/s/, bound: { ratio: 1.2 } },
  ],
  plots: ['MB/s'],
  async run(options) {
    await withDirectory(async (directory) => {
      const memory = new FreeMemory(directory)
      try {
        await measurePeak(options, memory)
      } finally {
        memory.close()
      }
    })
  },
}

async function measurePeak(options: ScenarioOptions, memory: FreeMemory): Promise<void> {
  const { quick, rounds, say, record } = options
  const megabytes = { 1024: quick ? 300 : 1000, 100: quick ? 100 : 400 } as const
  await withBoth('page-cache', async (servers) => {
    const round = async (number: number): Promise<void> => {
      for (const recordSizeBytes of [1024, 100] as const) {
        const size = recordSizeBytes === 1024 ? '1 KiB' : '100 B'
        const records = Math.round((megabytes[recordSizeBytes] * 1e6) / recordSizeBytes)
        for (const server of inTurns(servers, number)) {
          const note = async (name: string, sizeBytes: number, load: () => Promise<Spent>): Promise<void> => {
            memory.fill()
            const before = machineCpuSeconds()
            const spent = await load()
            const machineSpent = (machineCpuSeconds() - before) / (sizeBytes / 1e9)
            if (number === 0) return
            const loadSpent = machineSpent - spent.serverCpuSecondsPerGigabyte
            say(`${number}/${rounds} ${server.name}: ${name}: ${spentText(spent)}, load ${loadSpent.toFixed(2)} s/GB`)
            record(
              { case: name, subject: server.name },
              {
                'MB/s': spent.megabytesPerSecond,
                'records/s': (spent.megabytesPerSecond * 1e6) / recordSizeBytes,
                'server CPU s/GB': spent.serverCpuSecondsPerGigabyte,
                'load CPU s/GB': loadSpent,
              },
            )
          }
          const load = { topic, records, recordSizeBytes, acks: 1, batches: '1MiB' } as const
          await withTopic(server, load.topic, partitions, async () => {
            const sizeBytes = sizeOf(load)
            await note(`${size}, produce, rdkafka_performance`, sizeBytes, () => produceRdkafka(server, load, 2))
            await note(`${size}, consume, rdkafka_performance`, 2 * sizeBytes, () =>
              consumeRdkafka(server, load, fetch, 2),
            )
          })
        }
      }
      for (const [batchName, recordCount] of [
        ['16 KiB', 15],
        ['1 MiB', 1000],
      ] as const) {
        const lane = { kind: 'produce', acks: -1, batch: { recordCount, recordSizeBytes: 1024 }, width: 5 } as const
        const note = async (name: string, subject: string, server: { port: number; pid: number }): Promise<void> => {
          const lanes = lanesOf(server, topic, partitions, lane)
          const measureMs = quick ? 500 : 1000
          memory.fill()
          const replayed = await replay([server.pid], { lanes, warmUpMs: 300, measureMs })
          if (number === 0) return
          const gigabytes = replayed.produce.payloadBytes / 1e9
          const megabytesPerSecond = (gigabytes * 1000) / replayed.seconds
          const metrics = {
            'MB/s': megabytesPerSecond,
            'records/s': (megabytesPerSecond * 1e6) / 1024,
            'server CPU s/GB': replayed.serverCpuSeconds / gigabytes,
            'load CPU s/GB': replayed.cpuSeconds / gigabytes,
          }
          const text = Object.entries(metrics).map(([metric, value]) => `${metric} ${value.toFixed(2)}`)
          say(`${number}/${rounds} ${subject}: ${name}: ${text.join(', ')}`)
          record({ case: name, subject }, metrics)
        }
        const name = `1 KiB, produce, ${batchName} batches replayed`
        for (const server of inTurns(servers, number))
          await withTopic(server, topic, partitions, () => note(name, server.name, server))
        if (number > 0) {
          for (const [writes, where] of bareLoops) {
            await withBareServer({ topic, writes }, (server) => note(`${name}, ${where}`, 'bare event loop', server))
          }
        }
      }
    }
    await round(0)
    await inRounds(options, round)
  })
}
