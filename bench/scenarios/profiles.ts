/** CPU profiles of our own processes under the loads of the tables: where the time goes. */
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { run } from '../../conformance/peers/process.ts'
import type { ConsumeJob, ProduceJob } from '../client-process.ts'
import { flameGraph, framesOf, topOf, type CpuProfile } from '../flame.ts'
import { installPackedClient, installPackedTestkit } from '../packed-client.ts'
import { dropFromPageCache } from '../page-cache.ts'
import { pictures } from '../report.ts'
import { fillTopic, lanesOf, replay } from '../replay/replay.ts'
import type { Scenario } from '../samples.ts'
import { startSubject, type Durability } from '../servers.ts'
import type { PeerServer } from '../../conformance/peers/server.ts'
import { withDirectory } from '../temporary.ts'
import { createTopic } from '../topics.ts'

const root = join(import.meta.dirname, '..', '..')
const partitions = 4
const shown = 12

const flags = (directory: string): string[] => ['--cpu-prof', `--cpu-prof-dir=${directory}`, '--cpu-prof-interval=400']

interface ProfileOptions {
  readonly name: string
  readonly title: string
  readonly about: string
  /** Runs something with those flags of Node.js, so that one profile is written when it ends. */
  readonly work: (flags: readonly string[]) => Promise<void>
}

function profile({ name, title, about, work }: ProfileOptions): Scenario {
  return {
    name: `profile-${name}`,
    title,
    about,
    minutes: 0.2,
    page: 'profiles',
    async run({ say, record }) {
      await withDirectory(async (directory) => {
        await work(flags(directory))
        const [file] = globSync(join(directory, '*.cpuprofile'))
        if (file === undefined) throw new Error('no profile was written')
        const tree = framesOf(JSON.parse(readFileSync(file, 'utf8')) as CpuProfile, root)
        mkdirSync(pictures, { recursive: true })
        writeFileSync(join(pictures, `flame-${name}.svg`), flameGraph(tree, title))
        for (const { name: called, place, share } of topOf(tree, shown)) {
          say(`${(share * 100).toFixed(1)} % ${called} ${place}`)
          record({ case: `\`${called}\` ${place}`, subject: 'braidlog' }, { '% of the time': share * 100 })
        }
      })
    },
  }
}

/** A broker for the length of `load`. */
const broker =
  (durability: Durability, load: (server: PeerServer) => Promise<void>) =>
  async (nodeFlags: readonly string[]): Promise<void> => {
    const server = await startSubject('braidlog', durability, { nodeFlags })
    try {
      await load(server)
    } finally {
      await server.stop()
    }
  }

const producing =
  (recordCount: number, recordSizeBytes: number, width: number, connections: number) =>
  async (server: PeerServer): Promise<void> => {
    await createTopic(server, 'profile', partitions)
    const lane = { kind: 'produce', acks: -1, batch: { recordCount, recordSizeBytes }, width, connections } as const
    await replay([], { lanes: lanesOf(server, 'profile', partitions, lane), warmUpMs: 0, measureMs: 4000 })
  }

const batch = { recordCount: 15, recordSizeBytes: 1024 }

const fetchingFrom =
  (place: 'disk' | 'page cache') =>
  async (server: PeerServer): Promise<void> => {
    await createTopic(server, 'profile', partitions)
    await fillTopic(server, 'profile', partitions, { batch, records: 1_000_000 })
    if (place === 'disk') await dropFromPageCache(server.dir, 'profile')
    const lane = { kind: 'fetch', batch, maxBytes: 1 << 20, loops: true } as const
    await replay([], { lanes: lanesOf(server, 'profile', partitions, lane), warmUpMs: 0, measureMs: 4000 })
  }

type AnyJob = Omit<ProduceJob, 'bootstrap' | 'topic'> | Omit<ConsumeJob, 'bootstrap' | 'topic'>

/** Our client against our broker. */
const client =
  (job: AnyJob) =>
  async (nodeFlags: readonly string[]): Promise<void> => {
    const server = await startSubject('braidlog', 'page-cache')
    try {
      await createTopic(server, 'profile', partitions)
      if (job.kind === 'consume') {
        const text = { recordCount: 640, recordSizeBytes: 100, codec: 'none' } as const
        await fillTopic(server, 'profile', partitions, { batch: text, records: job.records })
      }
      const whole = { ...job, bootstrap: server.bootstrap, topic: 'profile' }
      const program = join(import.meta.dirname, '..', 'client-process.ts')
      await run(process.execPath, [...nodeFlags, program, 'braidlog', JSON.stringify([whole])])
    } finally {
      await server.stop()
    }
  }

/** Our client from the start of its process until its first record is acknowledged, the compile cache being filled. */
async function clientStart(nodeFlags: readonly string[]): Promise<void> {
  await withDirectory(async (directory) => {
    const program = await installPackedClient(directory)
    const server = await startSubject('braidlog', 'page-cache')
    try {
      await createTopic(server, 'profile', 1)
      const args = [program, 'braidlog', 'produce', server.bootstrap, 'profile', 'once']
      const env = { NODE_COMPILE_CACHE: join(directory, 'cache') }
      await run(process.execPath, args, { env })
      await run(process.execPath, [...nodeFlags, ...args], { env })
    } finally {
      await server.stop()
    }
  })
}

/** The testkit as npm has it, from the start of the process on, its code cache being filled. */
async function embeddedStart(nodeFlags: readonly string[]): Promise<void> {
  await withDirectory(async (directory) => {
    const program = await installPackedTestkit(directory)
    await run(process.execPath, [program])
    await run(process.execPath, [...nodeFlags, program])
  })
}

const sends = { kind: 'produce', codec: 'none', warmUpMs: 500, measureMs: 4000 } as const

export const profiles: readonly Scenario[] = [
  profile({
    name: 'produce-16k',
    title: 'Broker: produce, 16 KiB batches',
    about: 'Five requests in flight to each of four partitions, page-cache durability.',
    work: broker('page-cache', producing(15, 1024, 5, 1)),
  }),
  profile({
    name: 'produce-1m',
    title: 'Broker: produce, 1 MiB batches',
    about:
      'Five requests in flight to each of four partitions, page-cache durability. The event loop only: two threads of the pool write.',
    work: broker('page-cache', producing(1000, 1024, 5, 1)),
  }),
  profile({
    name: 'produce-small',
    title: 'Broker: 64 connections of one small record',
    about: 'One record of 100 B in flight on each, page-cache durability.',
    work: broker('page-cache', producing(1, 100, 1, 16)),
  }),
  profile({
    name: 'produce-durable',
    title: 'Broker: 16 producers, every record on disk',
    about: 'One record of 1 KiB in flight on each of 16 connections, group commit.',
    work: broker('flush', producing(1, 1024, 1, 4)),
  }),
  profile({
    name: 'fetch-disk',
    title: 'Broker: fetches of 1 MiB from disk',
    about: 'A topic of 1 GB that was dropped from the page cache, read over and over.',
    work: broker('page-cache', fetchingFrom('disk')),
  }),
  profile({
    name: 'fetch-cached',
    title: 'Broker: fetches of 1 MiB from the page cache',
    about: 'The same topic, as it was written.',
    work: broker('page-cache', fetchingFrom('page cache')),
  }),
  profile({
    name: 'client-concurrent',
    title: 'Client: 256 concurrent sends',
    about: 'Records of 100 B, acks=all.',
    work: client({ ...sends, way: 'single', recordSizeBytes: 100, width: 256 }),
  }),
  profile({
    name: 'client-stream',
    title: 'Client: a stream of enqueued records',
    about: 'Records of 100 B, acks=all.',
    work: client({ ...sends, way: 'enqueue', recordSizeBytes: 100, width: 1000 }),
  }),
  profile({
    name: 'client-record',
    title: 'Client: consuming record by record',
    about: 'Records of 100 B in batches of 64 KiB.',
    work: client({ kind: 'consume', way: 'record', records: 4_000_000, measureMs: 6000 }),
  }),
  profile({
    name: 'client-start',
    title: 'Client: process start to first record',
    about: 'As packed for npm: import, connect, one record; with a compile cache.',
    work: clientStart,
  }),
  profile({
    name: 'client-compressed',
    title: 'Client: a stream of compressed records',
    about: 'Records of 1 KiB with zstd, sent by `enqueue`, acks=all. The event loop only: the thread pool compresses.',
    work: client({ ...sends, codec: 'zstd', way: 'enqueue', recordSizeBytes: 1024, width: 1000 }),
  }),
  profile({
    name: 'client-sequential',
    title: 'Client: one send after the other',
    about: 'Records of 100 B, acks=all; most of the time the process waits, which is left out.',
    work: client({ ...sends, way: 'single', recordSizeBytes: 100, width: 1 }),
  }),
  profile({
    name: 'embedded',
    title: 'Start inside a test',
    about: 'Import of the testkit as packed for npm, two starts with one record each; with its code cache.',
    work: embeddedStart,
  }),
]
