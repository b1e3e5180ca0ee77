/** Clean restart and restart after a crash of a node with many partitions. */
import { join } from 'node:path'
import { eventually } from '../../conformance/peers/process.ts'
import { inRounds, inTurns, type Scenario } from '../samples.ts'
import { startSubject, subjects, type Subject } from '../servers.ts'
import { acknowledges, timeStart } from '../starts.ts'
import { withDirectory } from '../temporary.ts'
import { createTopic } from '../topics.ts'

const partitionsPerTopic = 1000
const topic = (number: number): string => `restart-${number}`

/** Each topic's first partition has a record; the others are empty. */
async function prepare(
  subject: Subject,
  directory: string,
  partitions: number,
  say: (text: string) => void,
): Promise<number> {
  const startedMs = performance.now()
  const server = await startSubject(subject, 'page-cache', { dir: directory })
  for (let number = 0; number < partitions / partitionsPerTopic; number++) {
    await createTopic(server, topic(number), Math.min(partitions, partitionsPerTopic))
    await eventually(
      async () => ((await acknowledges(server.port, topic(number))) ? true : undefined),
      'a record',
      120_000,
    )
  }
  say(`${subject}: ${partitions} partitions made in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
  const stoppedMs = performance.now()
  await server.stop()
  return performance.now() - stoppedMs
}

export const restart: Scenario = {
  name: 'restart',
  title: 'Restart with many partitions',
  about:
    'A node with 1,000 and with 10,000 partitions (only 1,000 with --quick), all but one in a thousand empty. Clean: after an orderly stop. ' +
    'Crash: after SIGKILL. Times run from the start of the process until a record to one of the partitions is acknowledged.',
  durability: 'page-cache',
  minutes: 4,
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
        for (const subject of subjects) {
          const stopMs = await prepare(subject, join(directory, subject), partitions, say)
          record({ case: `${name}, clean`, subject }, { 'orderly stop, ms': stopMs })
        }
        // More rounds of the small one; each of the large one takes Apache Kafka a minute or more.
        await inRounds(
          { ...options, rounds: partitions === 1000 ? Math.min(options.rounds, 3) : 1 },
          async (number) => {
            for (const subject of inTurns(subjects, number)) {
              for (const kind of ['clean', 'crash'] as const) {
                const { server, metrics } = await timeStart(subject, join(directory, subject), topic(0))
                // The next start is the one after a crash, and the one after that is clean again.
                await (kind === 'clean' ? server.kill() : server.stop())
                const text = Object.entries(metrics).map(([metric, value]) => `${metric} ${value.toFixed(1)}`)
                say(`${number} ${subject}: ${name}, ${kind}: ${text.join(', ')}`)
                record({ case: `${name}, ${kind}`, subject }, metrics)
              }
            }
          },
        )
      })
    }
  },
}
