/**
 * The two servers of a comparison: ours and Apache Kafka, with the same durability, on the same disk, in the same run.
 */
import kafkajs, { type Admin } from 'kafkajs'
import { startBraidlog } from '../conformance/peers/braidlog.ts'
import { defaultJvmFlags, startKafka } from '../conformance/peers/kafka.ts'
import type { PeerServer, PeerServerOptions } from '../conformance/peers/server.ts'

/**
 * When a record is acknowledged, on both sides alike: once the operating system has it (Apache Kafka's default), or once it is on the
 * disk (our default).
 */
export type Durability = 'page-cache' | 'flush'

export type Subject = PeerServer['name']

const braidlogProperties: Readonly<Record<Durability, Readonly<Record<string, string | number>>>> = {
  'page-cache': { 'braidlog.durability': 'page-cache' },
  flush: { 'braidlog.durability': 'durable' },
}
const kafkaProperties: Readonly<Record<Durability, Readonly<Record<string, string | number>>>> = {
  'page-cache': {},
  flush: { 'log.flush.interval.messages': 1 },
}

export function startSubject(
  subject: Subject,
  durability: Durability,
  options: PeerServerOptions = {},
): Promise<PeerServer> {
  const properties = subject === 'kafka' ? kafkaProperties[durability] : braidlogProperties[durability]
  const all = { ...options, properties: { ...properties, ...options.properties } }
  return subject === 'kafka'
    ? startKafka({ ...all, jvmFlags: defaultJvmFlags, startTimeoutMs: 300_000 })
    : startBraidlog({ ...all, startTimeoutMs: 300_000 })
}

/** Both of them for the length of `use`; the loads go to one at a time. */
export async function withBoth<T>(
  durability: Durability,
  use: (servers: readonly PeerServer[]) => Promise<T>,
): Promise<T> {
  const servers: PeerServer[] = []
  try {
    for (const subject of ['braidlog', 'kafka'] as const) servers.push(await startSubject(subject, durability))
    return await use(servers)
  } finally {
    for (const server of servers) await server.stop()
  }
}

/** Runs `use` with a fresh topic, which is deleted afterwards so that no measurement pays for the files of another. */
export async function withTopic<T>(
  server: PeerServer,
  topic: string,
  partitions: number,
  use: () => Promise<T>,
): Promise<T> {
  await withAdmin(server, async (admin) => {
    await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: true })
  })
  try {
    return await use()
  } finally {
    await withAdmin(server, (admin) => admin.deleteTopics({ topics: [topic] }))
  }
}

export async function withAdmin<T>(server: PeerServer, use: (admin: Admin) => Promise<T>): Promise<T> {
  const kafka = new kafkajs.Kafka({
    brokers: [server.bootstrap],
    logLevel: kafkajs.logLevel.NOTHING,
    requestTimeout: 120_000,
  })
  const admin = kafka.admin()
  await admin.connect()
  try {
    return await use(admin)
  } finally {
    await admin.disconnect()
  }
}
