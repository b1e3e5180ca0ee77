/** From the start of the process to the first acknowledged record, and the same inside a test. */
import { join } from 'node:path'
import process from 'node:process'
import { run } from '../../conformance/peers/process.ts'
import { inRounds, inTurns, type Scenario } from '../samples.ts'
import { startSubject, subjects } from '../servers.ts'
import { timeStart } from '../starts.ts'
import { withDirectory } from '../temporary.ts'
import { createTopic } from '../topics.ts'
import type { EmbeddedStart } from '../embedded-process.ts'

export const startup: Scenario = {
  name: 'startup',
  title: 'Start',
  about:
    'A formatted directory with one topic of one partition, `braidlog start` beside `kafka.Kafka`; a raw connection knocks every two ' +
    'milliseconds until its record is acknowledged. Files are in the page cache, and the compile cache of Node.js is warm, as it is from ' +
    'the second start on.',
  durability: 'page-cache',
  minutes: 0.7,
  goals: [{ text: "at most a quarter of Apache Kafka's", metric: /acknowledged/, bound: { ratio: 0.25 } }],
  async run(options) {
    const { rounds, say, record } = options
    await withDirectory(async (directory) => {
      for (const subject of subjects) {
        const server = await startSubject(subject, 'page-cache', { dir: join(directory, subject) })
        await createTopic(server, 'startup', 1)
        await server.stop()
      }
      await inRounds(options, async (number) => {
        for (const subject of inTurns(subjects, number)) {
          const { server, metrics } = await timeStart(subject, join(directory, subject), 'startup')
          await server.stop()
          say(
            `${number}/${rounds} ${subject}: ${Object.values(metrics)
              .map((value) => value.toFixed(1))
              .join(', ')}`,
          )
          record({ case: 'one topic', subject }, metrics)
        }
      })
    })
  },
}

export const embedded: Scenario = {
  name: 'embedded',
  title: 'Start inside a test',
  about:
    'A fresh process imports `@braidlog/testkit`, starts a broker with one topic and produces a record with acks=all, then stops it and does ' +
    'the same again; times in the process itself, each start from after the import on. Apache Kafka cannot be embedded in Node.js. The import depends on the compile cache of Node.js, which `node --test` does not ' +
    'turn on by itself; here it is on (NODE_COMPILE_CACHE) and off.',
  minutes: 0.3,
  goals: [
    {
      text: 'first acknowledged record at most 20 ms after import',
      metric: /acknowledged/,
      case: /cache$/,
      bound: { figure: 20 },
    },
  ],
  async run(options) {
    const { rounds, say, record } = options
    await withDirectory(async (directory) => {
      const once = async (cache: string | undefined): Promise<EmbeddedStart> => {
        const { stdout } = await run(process.execPath, [join(import.meta.dirname, '..', 'embedded-process.ts')], {
          env: { NODE_COMPILE_CACHE: cache },
        })
        return JSON.parse(stdout.trim().split('\n').at(-1)!) as EmbeddedStart
      }
      await once(directory) // Fills the cache.
      await inRounds({ ...options, rounds: rounds * 3 }, async (number) => {
        for (const [name, cache] of [
          ['compile cache', directory],
          ['no compile cache', undefined],
        ] as const) {
          const { importMs, starts } = await once(cache)
          record({ case: name, subject: 'braidlog' }, { 'import, ms': importMs })
          for (const [i, { startMs, producedMs, cpuMs }] of starts.entries()) {
            const which = i === 0 ? name : `${name}, second start of the process`
            say(
              `${number} ${which}: import ${importMs.toFixed(0)}, start ${startMs.toFixed(1)}, record ${producedMs.toFixed(1)} ms`,
            )
            const metrics = {
              'start, ms': startMs,
              'start to first acknowledged record, ms': producedMs,
              'CPU until then, ms': cpuMs,
            }
            record({ case: which, subject: 'braidlog' }, metrics)
          }
        }
      })
    })
  },
}
