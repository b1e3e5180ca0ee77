/** How long a client takes to its first record, and how much memory it takes when the application cannot keep up. */
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { start } from '../../conformance/peers/process.ts'
import type { PeerServer } from '../../conformance/peers/server.ts'
import { availableClients, serverTitles } from '../client-runs.ts'
import { produceRdkafka } from '../loads/rdkafka.ts'
import { installPackedClient, lifetimeProgram } from '../packed-client.ts'
import { memory } from '../process-usage.ts'
import { inRounds, inTurns, type Scenario } from '../samples.ts'
import { withBoth } from '../servers.ts'
import { withDirectory } from '../temporary.ts'
import { createTopic } from '../topics.ts'
import { warmUp } from '../warm-up.ts'

const firstTimeoutMs = 20_000

type Start = Parameters<typeof start>
/** How a client's program is started. */
type ProgramOf = (client: string, what: 'produce' | 'consume', server: PeerServer, topic: string) => Start

/**
 * Both servers, and every client as its users have it: ours as packed for npm, with a copy of the program in a directory of its own. The
 * compile cache saves the stripping of types from the program of the measurement, and is there for everybody's code.
 */
async function withSubjects(
  use: (servers: readonly PeerServer[], programOf: ProgramOf) => Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    const ours = await installPackedClient(directory)
    const env = { NODE_COMPILE_CACHE: join(directory, 'cache') }
    await withBoth('page-cache', async (servers) => {
      await use(servers, (client, what, { bootstrap }, topic) => {
        const program = client === 'braidlog' ? ours : join(import.meta.dirname, '..', lifetimeProgram)
        return [process.execPath, [program, client, what, bootstrap, topic], { env }]
      })
    })
  })
}

export const clientStart: Scenario = {
  name: 'client-start',
  title: 'Client: process start to first record',
  about:
    'A fresh process imports the library and produces one record with acks=all, or reads the first record of a topic as the only member of ' +
    'a new group; until it says so. Wall time, and CPU of the process. Ours is what `npm run pack` makes for npm, JavaScript as the others ' +
    'are. The compile cache of Node.js is on for all (NODE_COMPILE_CACHE), because the program of the measurement is TypeScript.',
  durability: 'page-cache',
  minutes: 0.8,
  goals: [{ text: 'sooner than every other client', metric: /^first record/, bound: { ratio: 1 } }],
  plots: ['first record, ms'],
  async run(options) {
    const { rounds, say, record } = options
    const clients = await availableClients(options)
    await withSubjects(async (servers, programOf) => {
      await warmUp(servers)
      for (const server of servers) {
        await createTopic(server, 'start', 1)
        const load = { topic: 'start', records: 100, recordSizeBytes: 100, acks: 'all', batches: 'default' } as const
        await produceRdkafka(server, load)
      }
      const round = async (number: number): Promise<void> => {
        for (const server of servers) {
          for (const what of ['produce', 'consume'] as const) {
            for (const { name } of inTurns(clients, number)) {
              const text = `${what}, ${serverTitles[server.name]}`
              const startedMs = performance.now()
              const child = start(...programOf(name, what, server, 'start'))
              try {
                const [, cpu] = await child.line(/^first ([\d.]+)$/m, firstTimeoutMs)
                const metrics = {
                  'first record, ms': performance.now() - startedMs,
                  'CPU until then, s': Number(cpu),
                }
                if (number === 0) {
                  await delay(300) // It writes the cache now.
                  continue
                }
                say(`${number}/${rounds} ${name}: ${text}: ${metrics['first record, ms'].toFixed(0)} ms, ${cpu} s`)
                record({ case: text, subject: name }, metrics)
              } catch (error) {
                say(`${name}: ${text} failed: ${(error as Error).message.split('\n')[0]}`)
              } finally {
                await child.kill()
              }
            }
          }
        }
      }
      await round(0) // Fills the cache.
      await inRounds(options, round)
    })
  },
}

export const clientMemory: Scenario = {
  name: 'client-memory',
  title: 'Client: memory of a slow consumer',
  about:
    'A consumer with the default settings of its library handles a record of 1 KiB every five milliseconds, of a topic that holds 400 MB in ' +
    'four partitions. The most resident memory of the process within six seconds; a process of Node.js alone has about 45 MiB. Our default ' +
    'is to fetch 32 MiB ahead (`prefetchBytes`). Ours is what `npm run pack` makes for npm, and the compile cache is on for all, as below.',
  durability: 'page-cache',
  minutes: 0.4,
  goals: [{ text: 'less than every other client', metric: /MiB/, bound: { ratio: 1 } }],
  plots: ['at most, MiB'],
  async run(options) {
    const { quick, rounds, say, record } = options
    const clients = await availableClients(options)
    await withSubjects(async (servers, programOf) => {
      for (const server of servers) {
        await createTopic(server, 'slow', 4)
        const load = {
          topic: 'slow',
          records: 400_000,
          recordSizeBytes: 1024,
          acks: 'all',
          batches: 'default',
        } as const
        await produceRdkafka(server, load)
      }
      for (const { name } of clients) {
        // Fills the cache: stripping types takes memory.
        const child = start(...programOf(name, 'consume', servers[0]!, 'slow'))
        await child.line(/^first/m, firstTimeoutMs).then(
          () => delay(300),
          () => {},
        )
        await child.kill()
      }
      await inRounds({ ...options, rounds: Math.min(rounds, 2) }, async (number) => {
        for (const server of servers) {
          // At the same time: nobody is in a hurry here.
          const peaks = await Promise.all(
            clients.map(async ({ name }) => {
              const child = start(...programOf(name, 'consume', server, 'slow'))
              try {
                await child.line(/^first/m, firstTimeoutMs)
                await delay(quick ? 3000 : 6000)
                return { name, bytes: memory(child.pid).residentBytesMax }
              } catch (error) {
                say(`${name} failed: ${(error as Error).message.split('\n')[0]}`)
                return undefined
              } finally {
                await child.kill()
              }
            }),
          )
          for (const peak of peaks) {
            if (peak === undefined) continue
            say(`${number} ${peak.name} ${serverTitles[server.name]}: ${(peak.bytes / 2 ** 20).toFixed(0)} MiB`)
            record({ case: serverTitles[server.name], subject: peak.name }, { 'at most, MiB': peak.bytes / 2 ** 20 })
          }
        }
      })
    })
  },
}
