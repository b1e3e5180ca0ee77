/** Producing with our client beside others. */
import { availableClients, runJobs, serverTitles } from '../client-runs.ts'
import type { ClientResult, ProduceJob } from '../client-process.ts'
import type { Codec, ProduceWay } from '../clients/client.ts'
import { sizeName } from '../loads/measure.ts'
import { inRounds, inTurns, type Scenario, type ScenarioOptions } from '../samples.ts'
import { withBoth } from '../servers.ts'
import { withTopic } from '../topics.ts'
import { warmUp } from '../warm-up.ts'

const partitions = 4

interface Work {
  readonly case: string
  readonly way: ProduceWay
  readonly codec: Codec
  readonly recordSizeBytes: number
  readonly width: number
}

/** What a client is called when it does a thing in one of several ways. */
const subjectOf = (client: string, way: ProduceWay): string =>
  way === 'enqueue' ? `${client} enqueue` : way === 'batches' ? `${client} batches` : client

function metricsOf(result: ClientResult): Record<string, number> {
  return {
    'records/s': result.records / result.seconds,
    'client CPU µs/record': (result.cpuSeconds / result.records) * 1e6,
    ...(result.p50Ms === undefined ? {} : { 'p50 ms': result.p50Ms, 'p99 ms': result.p99Ms! }),
  }
}

/** Every client does every work that it can, on both servers, in turns. */
async function measure(works: readonly Work[], options: ScenarioOptions): Promise<void> {
  const { quick, rounds, say, record } = options
  const clients = await availableClients(options)
  await withBoth('page-cache', async (servers) => {
    await warmUp(servers)
    await inRounds(options, async (number) => {
      for (const server of servers) {
        for (const { name, client } of inTurns(clients, number)) {
          const own = works.filter(
            ({ way, codec }) => client.produceWays.includes(way) && client.codecs.includes(codec),
          )
          const topic = `client-${name}`
          const measureMs = (works.length === 1 ? 1000 : 450) / (quick ? 2 : 1)
          const target = { kind: 'produce', bootstrap: server.bootstrap, topic, measureMs } as const
          const jobs: ProduceJob[] = own.map(({ way, codec, recordSizeBytes, width }, index) => ({
            ...target,
            // A new process compiles its code for about a second: what is measured is one that has been running.
            warmUpMs: index === 0 ? 1000 : 150,
            way,
            codec,
            recordSizeBytes,
            width,
            ...(width === 1 && { atLeast: { sends: quick ? 4000 : 20_000, limitMs: 5000 } }),
          }))
          const results = await withTopic(server, topic, partitions, () => runJobs(name, jobs))
          for (const [index, result] of results.entries()) {
            const work = own[index]!
            const text = `${work.case}, ${serverTitles[server.name]}`
            if (typeof result === 'string') {
              say(`${subjectOf(name, work.way)}: ${text} failed: ${result}`)
              continue
            }
            const metrics = metricsOf(result)
            say(
              `${number}/${rounds} ${subjectOf(name, work.way)}: ${text}: ${Math.round(metrics['records/s']!).toLocaleString('en-US')} records/s, ${metrics['client CPU µs/record']!.toFixed(2)} µs`,
            )
            record({ case: text, subject: subjectOf(name, work.way) }, metrics)
          }
        }
      }
    })
  })
}

const apart =
  'Each library is alone in its process, with its own defaults and acks=all. The values are JSON texts. @confluentinc/kafka-javascript is ' +
  'compiled from its package against librdkafka 2.15.1, kafka-crab-js is the prebuilt one. Each has sent for a second before it is measured.'

export const clientConcurrent: Scenario = {
  name: 'client-concurrent',
  title: 'Client: 256 concurrent sends',
  about: `256 loops await \`send\` of one record of 100 B, to four partitions. ${apart}`,
  durability: 'page-cache',
  minutes: 1,
  goals: [
    { text: 'at least 10 times the best other client', metric: /records\/s/, bound: { ratio: 10 } },
    { text: 'at most 2 µs of CPU a record', metric: /CPU/, bound: { figure: 2 } },
  ],
  plots: ['records/s'],
  run: (options) =>
    measure(
      [{ case: '256 concurrent sends', way: 'single', codec: 'none', recordSizeBytes: 100, width: 256 }],
      options,
    ),
}

export const clientSequential: Scenario = {
  name: 'client-sequential',
  title: 'Client: one send after the other',
  about:
    "One loop awaits `send` of one record of 100 B. Confluent's waits a linger of 5 ms by default, kafka-crab-js flushes each. " +
    `${apart} Here each sends 20,000 before it is measured and 20,000 then, or as many as five seconds allow.`,
  durability: 'page-cache',
  minutes: 1.9,
  goals: [
    { text: 'p50 no worse than the best', metric: /p50/, bound: { ratio: 1 } },
    { text: 'p99 no worse than the best', metric: /p99/, bound: { ratio: 1 } },
  ],
  plots: ['p99 ms'],
  run: (options) =>
    measure([{ case: 'one sequential sender', way: 'single', codec: 'none', recordSizeBytes: 100, width: 1 }], options),
}

const streams: readonly Work[] = (['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const).flatMap((codec) =>
  [100, 1024].flatMap((recordSizeBytes) =>
    (['enqueue', 'batches'] as const).map((way) => ({
      case: `${sizeName(recordSizeBytes)}, ${codec}`,
      way,
      codec,
      recordSizeBytes,
      width: 1000,
    })),
  ),
)

export const clientStream: Scenario = {
  name: 'client-stream',
  title: 'Client: streams of sends',
  about:
    'Records as fast as they go, in two ways where a library has both: `enqueue`, a call without a promise per record (ours; `produce` of ' +
    'Confluent’s older interface), and batches of 1,000 records with five calls in flight (ours `sendBatch`; `send` of the others). ' +
    `KafkaJS has only gzip without further packages. ${apart}`,
  durability: 'page-cache',
  minutes: 2.4,
  goals: [
    { text: 'more records/s than every other client', metric: /records\/s/, bound: { ratio: 1 } },
    { text: 'less CPU a record than every other client', metric: /CPU/, bound: { ratio: 1 } },
  ],
  plots: ['records/s', 'client CPU µs/record'],
  run: (options) => measure(streams, options),
}
