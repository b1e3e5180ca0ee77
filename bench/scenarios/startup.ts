/** From the start of the process to the first acknowledged record, and the same inside a test. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { run } from '../../conformance/peers/process.ts'
import { codeCacheOf, embeddedProgram, installPackedTestkit } from '../packed-client.ts'
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

const asPacked = 'as npm has it'

export const embedded: Scenario = {
  name: 'embedded',
  title: 'Start inside a test',
  about:
    'A fresh process imports `@braidlog/testkit`, starts a broker with one topic and produces a record with acks=all, then stops it and does ' +
    'the same again; times in the process itself, the start from after the import on. Ours is what `npm run pack` makes for npm, with the ' +
    'code cache that it keeps by itself; "nothing compiled yet" is the first process of an installation. From the sources the compile cache ' +
    'of Node.js is on. Apache Kafka cannot be embedded in Node.js.',
  minutes: 0.3,
  goals: [
    {
      text: 'first acknowledged record at most 20 ms after import',
      metric: /^after import.*record/,
      case: /^as npm has it$/,
      bound: { figure: 20 },
    },
  ],
  async run(options) {
    const { rounds, say, record } = options
    await withDirectory(async (directory) => {
      const packed = await installPackedTestkit(directory)
      const sources = join(import.meta.dirname, '..', embeddedProgram)
      const cache = join(directory, 'cache')
      const once = async (program: string, NODE_COMPILE_CACHE?: string): Promise<EmbeddedStart> => {
        const { stdout } = await run(process.execPath, [program], { env: { NODE_COMPILE_CACHE } })
        return JSON.parse(stdout.trim().split('\n').at(-1)!) as EmbeddedStart
      }
      await once(sources, cache) // Fills the cache.
      const cases: readonly (readonly [string, () => Promise<EmbeddedStart>])[] = [
        [
          `${asPacked}, nothing compiled yet`,
          async () => {
            await rm(codeCacheOf(directory), { recursive: true, force: true })
            return await once(packed)
          },
        ],
        [asPacked, () => once(packed)],
        ['from the sources', () => once(sources, cache)],
      ]
      await inRounds({ ...options, rounds: rounds * 3 }, async (number) => {
        for (const [name, measure] of cases) {
          const { importMs, starts } = await measure()
          record({ case: name, subject: 'braidlog' }, { 'import, ms': importMs })
          for (const [i, { startMs, producedMs, cpuMs }] of starts.entries()) {
            const which = i === 0 ? name : `${name}, second start of the process`
            say(
              `${number} ${which}: import ${importMs.toFixed(0)}, start ${startMs.toFixed(1)}, record ${producedMs.toFixed(1)} ms`,
            )
            const metrics = {
              'after import: broker with its topic, ms': startMs,
              'after import: first acknowledged record, ms': producedMs,
              'after import: CPU until that record, ms': cpuMs,
            }
            record({ case: which, subject: 'braidlog' }, metrics)
          }
        }
      })
    })
  },
}
