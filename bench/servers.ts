/**
 * The two servers of a comparison: ours and Apache Kafka, with the same durability, on the same disk, in the same run.
 */
import { startBraidlog } from '../conformance/peers/braidlog.ts'
import { defaultJvmFlags, startKafka } from '../conformance/peers/kafka.ts'
import type { PeerServer, PeerServerOptions } from '../conformance/peers/server.ts'

/**
 * When a record is acknowledged, on both sides alike: once the operating system has it (Apache Kafka's default), or once it is on the
 * disk (our default).
 */
export type Durability = 'page-cache' | 'flush'

export type Subject = PeerServer['name']
export const subjects: readonly Subject[] = ['braidlog', 'kafka']

export type Properties = Readonly<Record<string, string | number | boolean>>

const braidlogProperties: Readonly<Record<Durability, Properties>> = {
  'page-cache': { 'braidlog.durability': 'page-cache' },
  flush: { 'braidlog.durability': 'durable' },
}
const kafkaProperties: Readonly<Record<Durability, Properties>> = {
  'page-cache': {},
  flush: { 'log.flush.interval.messages': 1 },
}

export const durabilityProperties = (subject: Subject, durability: Durability): Properties =>
  (subject === 'kafka' ? kafkaProperties : braidlogProperties)[durability]

export interface SubjectOptions extends PeerServerOptions {
  /** Flags of Node.js for ours, such as a profiler's. */
  readonly nodeFlags?: readonly string[]
}

export function startSubject(
  subject: Subject,
  durability: Durability,
  options: SubjectOptions = {},
): Promise<PeerServer> {
  const properties = { ...durabilityProperties(subject, durability), ...options.properties }
  const { nodeFlags, ...rest } = options
  const all = { ...rest, properties, startTimeoutMs: 300_000 }
  return subject === 'kafka'
    ? startKafka({ ...all, jvmFlags: defaultJvmFlags })
    : startBraidlog({ ...all, entry: 'cli', ...(nodeFlags === undefined ? {} : { nodeFlags }) })
}

/** Both of them for the length of `use`; the loads go to one at a time. */
export async function withBoth<T>(
  durability: Durability,
  use: (servers: readonly PeerServer[]) => Promise<T>,
): Promise<T> {
  const servers: PeerServer[] = []
  try {
    for (const subject of subjects) servers.push(await startSubject(subject, durability))
    return await use(servers)
  } finally {
    for (const server of servers) await server.stop()
  }
}
