/** Consuming with our client beside others. */
import { availableClients, runJobs, serverTitles } from '../client-runs.ts'
import type { ClientResult } from '../client-process.ts'
import { codecs, type Codec, type ConsumeWay } from '../clients/client.ts'
import type { PeerServer } from '../../conformance/peers/server.ts'
import { sizeName } from '../loads/measure.ts'
import { fillTopic } from '../replay/replay.ts'
import { inRounds, inTurns, type Scenario, type ScenarioOptions } from '../samples.ts'
import { withBoth } from '../servers.ts'
import { createTopic } from '../topics.ts'
import { warmUp } from '../warm-up.ts'

const partitions = 4

interface Work {
  readonly case: string
  readonly way: ConsumeWay
  readonly codec: Codec
  readonly recordSizeBytes: 100 | 1024
}

const topicOf = ({ codec, recordSizeBytes }: Work): string => `consume-${codec}-${recordSizeBytes}`

/** Enough for half a second of the fastest way. In batches of 64 KiB, as a producer under load would send them. */
const bytesToRead = { 100: 300e6, 1024: 400e6 } as const

/** @returns how many records each topic has */
async function fill(server: PeerServer, works: readonly Work[], quick: boolean): Promise<Map<string, number>> {
  const filled = new Map<string, number>()
  for (const work of works) {
    const [topic, { codec, recordSizeBytes }] = [topicOf(work), work]
    if (filled.has(topic)) continue
    await createTopic(server, topic, partitions)
    const records = bytesToRead[recordSizeBytes] / recordSizeBytes / (quick ? 2 : 1)
    const batch = { recordSizeBytes, recordCount: Math.floor(65_536 / recordSizeBytes), codec }
    filled.set(topic, await fillTopic(server, topic, partitions, { batch, records }))
  }
  return filled
}

const joinTopic = 'consume-one'

async function measure(works: readonly Work[], options: ScenarioOptions): Promise<void> {
  const { quick, rounds, say, record } = options
  const clients = await availableClients(options)
  await withBoth('page-cache', async (servers) => {
    await warmUp(servers)
    const filled = new Map<PeerServer, Map<string, number>>()
    for (const server of servers) {
      filled.set(server, await fill(server, works, quick))
      await createTopic(server, joinTopic, 1)
      await fillTopic(server, joinTopic, 1, { batch: { recordCount: 1, recordSizeBytes: 100 }, records: 1 })
    }
    await inRounds(options, async (number) => {
      for (const server of servers) {
        for (const { name, client } of inTurns(clients, number)) {
          // A process for each job: consumers of most libraries cannot be made to end at once.
          const once = async (topic: string, way: ConsumeWay, records: number): Promise<ClientResult | string> => {
            const target = { kind: 'consume', bootstrap: server.bootstrap, topic } as const
            const [result] = await runJobs(name, [{ ...target, way, records, measureMs: quick ? 300 : 500 }])
            return result!
          }
          // The quicker of two: whatever disturbs the machine only makes it longer.
          const joins = [await once(joinTopic, 'batch', 1), await once(joinTopic, 'batch', 1)]
          const joined = joins.filter((join) => typeof join !== 'string')
          if (joined.length === 0) {
            say(`${name} ${serverTitles[server.name]} cannot join a group: ${joins.map(String).join()}`)
            continue
          }
          const joinSeconds = Math.min(...joined.map(({ seconds }) => seconds))
          const joinCpuSeconds = Math.min(...joined.map(({ cpuSeconds }) => cpuSeconds))
          for (const work of works) {
            if (!client.consumeWays.includes(work.way) || !client.codecs.includes(work.codec)) continue
            const result = await once(topicOf(work), work.way, filled.get(server)!.get(topicOf(work))!)
            const text = `${work.case}, ${serverTitles[server.name]}`
            if (typeof result === 'string') {
              say(`${name}: ${text} failed: ${result}`)
              continue
            }
            const metrics = {
              'records/s': result.records / (result.seconds - joinSeconds),
              'client CPU µs/record': ((result.cpuSeconds - joinCpuSeconds) / result.records) * 1e6,
            }
            say(
              `${number}/${rounds} ${name}: ${text}: ${Math.round(metrics['records/s']).toLocaleString('en-US')} records/s, ${metrics['client CPU µs/record'].toFixed(2)} µs`,
            )
            record({ case: text, subject: name }, metrics)
          }
        }
      }
    })
  })
}

const about =
  'A group of one member reads four partitions from the beginning and touches each value: 300 MB of records of 100 B or 400 MB of records ' +
  'of 1 KiB, or as much as it gets done in half a second after the first. What the same takes with a topic of one record, most ' +
  'of it for joining the group, is taken off. The batches are of 64 KiB before compression. ' +
  'Each library is alone in its process with its own defaults. By batch: `batches()`, `eachBatch`, `recvBatch(1000)`; @platformatic/kafka has no ' +
  'batches and is measured by its events, its fastest way. By record: `for await`, `eachMessage`, `recv`. JSON values: the fastest way of ' +
  'each, with a deserializer where it has them, else `JSON.parse`. Node streams and Web streams: what the library offers, or ' +
  '`Readable.toWeb` of it.'

const goals = [
  { text: 'more records/s than every other client', metric: /records\/s/, bound: { ratio: 1 } },
  { text: 'less CPU a record than every other client', metric: /CPU/, bound: { ratio: 1 } },
] as const

const wayNames: Readonly<Record<ConsumeWay, string>> = {
  batch: 'by batch',
  record: 'by record',
  json: 'JSON values',
  'node-stream': 'Node stream',
  'web-stream': 'Web stream',
}

export const clientConsume: Scenario = {
  name: 'client-consume',
  title: 'Client: consuming in every way',
  about,
  durability: 'page-cache',
  minutes: 3.2,
  goals,
  plots: ['records/s'],
  run: (options) =>
    measure(
      (Object.keys(wayNames) as ConsumeWay[]).flatMap((way) =>
        ([100, 1024] as const).map((recordSizeBytes) => ({
          case: `${sizeName(recordSizeBytes)}, ${wayNames[way]}`,
          way,
          codec: 'none' as const,
          recordSizeBytes,
        })),
      ),
      options,
    ),
}

export const clientConsumeCodecs: Scenario = {
  name: 'client-consume-codecs',
  title: 'Client: consuming with every codec',
  about: `By batch. ${about}`,
  durability: 'page-cache',
  minutes: 1.3,
  goals,
  plots: ['records/s'],
  run: (options) =>
    measure(
      codecs
        .filter((codec) => codec !== 'none')
        .flatMap((codec) =>
          ([100, 1024] as const).map((recordSizeBytes) => ({
            case: `${sizeName(recordSizeBytes)}, ${codec}`,
            way: 'batch' as const,
            codec,
            recordSizeBytes,
          })),
        ),
      options,
    ),
}
