/** Resident memory of the server process. */
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { ApiVersionsRequest, encodeRequest } from '@braidlog/protocol'
import { produceRdkafka } from '../loads/rdkafka.ts'
import { memory } from '../process-usage.ts'
import type { Scenario } from '../samples.ts'
import { startSubject, subjects } from '../servers.ts'
import { withTopic } from '../topics.ts'

const connections = 1000

/** Connections that have asked for the versions, as every client begins, and then say nothing. */
export async function openIdle(port: number, count: number): Promise<Socket[]> {
  const options = { apiVersion: 0, correlationId: 0, clientId: 'idle' }
  const frame = Buffer.concat(encodeRequest(ApiVersionsRequest, options, {}))
  return Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect({ host: '127.0.0.1', port })
      await once(socket, 'connect')
      socket.write(frame)
      await once(socket, 'data')
      return socket
    }),
  )
}

export const memoryUse: Scenario = {
  name: 'memory',
  title: 'Memory',
  about:
    'Resident memory of the process: ten seconds after the start; then with 1,000 connections that have asked for the versions and are ' +
    'silent; then, without them, after 5 GB of 1 KiB records went through it (0.5 GB with --quick). Apache Kafka has the heap of its start ' +
    'script, 1 GB, of which it touches what it needs.',
  durability: 'page-cache',
  minutes: 1.1,
  goals: [{ text: "at most a third of Apache Kafka's", metric: /MiB/, bound: { ratio: 1 / 3 } }],
  plots: ['MiB'],
  async run({ quick, say, record }) {
    const gigabytes = quick ? 0.5 : 5
    for (const subject of subjects) {
      const server = await startSubject(subject, 'page-cache')
      const note = (name: string, bytes: number): void => {
        say(`${subject}: ${name}: ${(bytes / 2 ** 20).toFixed(0)} MiB`)
        record({ case: name, subject }, { MiB: bytes / 2 ** 20 })
      }
      try {
        await delay(quick ? 2000 : 10_000)
        note('idle', memory(server.pid).residentBytes)
        const sockets = await openIdle(server.port, connections)
        await delay(1000)
        note('1,000 idle connections', memory(server.pid).residentBytes)
        for (const socket of sockets) socket.destroy()
        const records = Math.round((gigabytes * 1e9) / 1024)
        const load = { topic: 'memory', recordSizeBytes: 1024, records, acks: 'all', batches: 'default' } as const
        await withTopic(server, load.topic, 4, () => produceRdkafka(server, load))
        const used = memory(server.pid)
        note('after 5 GB', used.residentBytes)
        note('at most so far', used.residentBytesMax)
      } finally {
        await server.stop()
      }
    }
  },
}
