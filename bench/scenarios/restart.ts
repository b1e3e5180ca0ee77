/** Clean restart and restart after a crash of a node with many partitions. */
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDirectory, kafkaVersion } from '../../conformance/peers/kafka.ts'
import { eventually } from '../../conformance/peers/process.ts'
import { inRounds, inTurns, type Scenario } from '../samples.ts'
import { startSubject, subjects, type Subject } from '../servers.ts'
import { acknowledges, timeStart } from '../starts.ts'
import { withDirectory } from '../temporary.ts'
import { createTopic } from '../topics.ts'

const partitionsPerTopic = 1000
const topic = (number: number): string => `restart-${number}`

/** A directory with so many partitions, closed in order. Each topic's first partition has a record; the others are empty. */
async function make(
  subject: Subject,
  directory: string,
  partitions: number,
  say: (text: string) => void,
): Promise<void> {
  const startedMs = performance.now()
  const server = await startSubject(subject, 'page-cache', { dir: directory })
  for (let number = 0; number < partitions / partitionsPerTopic; number++) {
    await createTopic(server, topic(number), Math.min(partitions, partitionsPerTopic))
    const isTaken = async (): Promise<true | undefined> =>
      (await acknowledges(server.port, topic(number))) ? true : undefined
    await eventually(isTaken, 'a record', 120_000)
  }
  await server.stop()
  say(`${subject}: ${partitions} partitions made in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
}

/** Apache Kafka takes minutes to make ten thousand partitions, always the same ones: they are kept for the next time. */
async function prepare(
  subject: Subject,
  directory: string,
  partitions: number,
  say: (text: string) => void,
): Promise<void> {
  if (subject === 'braidlog') return make(subject, directory, partitions, say)
  const kept = join(cacheDirectory, 'bench', `kafka-${kafkaVersion}-${partitions}-partitions`)
  if (!existsSync(kept)) {
    const fresh = `${kept}-making`
    rmSync(fresh, { recursive: true, force: true })
    mkdirSync(fresh, { recursive: true })
    await make(subject, fresh, partitions, say)
    renameSync(fresh, kept)
  }
  cpSync(kept, directory, { recursive: true })
}

export const restart: Scenario = {
  name: 'restart',
  title: 'Restart with many partitions',
  about:
    'A node with 1,000 and with 10,000 partitions (only 1,000 with --quick), all but one in a thousand empty. Clean: after an orderly stop. ' +
    'Crash: after SIGKILL. Times run from the start of the process until a record to one of the partitions is acknowledged.',
  durability: 'page-cache',
  minutes: 3,
  goals: [
    {
      text: "at most half of Apache Kafka's with 10,000 partitions",
      metric: /acknowledged/,
      case: /^10,000/,
      bound: { ratio: 0.5 },
    },
  ],
  plots: ['process start to first acknowledged record, ms'],
  async run(options) {
    const { quick, say, record } = options
    for (const partitions of quick ? [1000] : [1000, 10_000]) {
      const name = `${partitions.toLocaleString('en-US')} partitions`
      await withDirectory(async (directory) => {
        for (const subject of subjects) await prepare(subject, join(directory, subject), partitions, say)
        // More rounds of the small one; each of the large one takes Apache Kafka a minute or more.
        const most = partitions === 1000 ? 2 : 1
        await inRounds({ ...options, rounds: Math.min(options.rounds, most) }, async (number) => {
          for (const subject of inTurns(subjects, number)) {
            for (const kind of ['clean', 'crash'] as const) {
              const { server, metrics } = await timeStart(subject, join(directory, subject), topic(0))
              const endedMs = performance.now()
              // The next start is the one after a crash, and the one after that is clean again.
              await (kind === 'clean' ? server.kill() : server.stop())
              const stop = kind === 'clean' ? {} : { 'orderly stop, ms': performance.now() - endedMs }
              const text = Object.entries(metrics).map(([metric, value]) => `${metric} ${value.toFixed(1)}`)
              say(`${number} ${subject}: ${name}, ${kind}: ${text.join(', ')}`)
              record({ case: `${name}, ${kind}`, subject }, metrics)
              record({ case: name, subject }, stop)
            }
          }
        })
      })
    }
  },
}
