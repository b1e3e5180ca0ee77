/** How long a server takes from the start of its process to what a client wants of it. */
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { answersApiVersions } from '../conformance/peers/kafka.ts'
import { freePorts } from '../conformance/peers/process.ts'
import type { PeerServer } from '../conformance/peers/server.ts'
import { cpuSeconds, memory } from './process-usage.ts'
import { batchOf, produceErrorAt, produceFrame } from './replay/frames.ts'
import { startSubject, type Properties, type Subject } from './servers.ts'

const pauseMs = 2
const timeoutMs = 600_000

export interface Started {
  readonly server: PeerServer
  readonly metrics: {
    readonly 'process start to first answer, ms': number
    readonly 'process start to first acknowledged record, ms': number
    readonly 'CPU until then, s': number
    readonly 'resident memory, MiB': number
  }
}

/**
 * Starts a server on a directory that has `topic`, and knocks every two milliseconds: first for any answer, then with a record. What the
 * test itself needs of the processor is the same for both.
 */
export async function timeStart(
  subject: Subject,
  directory: string,
  topic: string,
  properties: Properties = {},
): Promise<Started> {
  const ports = (await freePorts(2)) as [number, number]
  const startedMs = performance.now()
  const starting = startSubject(subject, 'page-cache', { dir: directory, ports, properties })
  let failure: unknown
  starting.catch((error: unknown) => (failure = error))
  const until = async (what: () => Promise<boolean>): Promise<number> => {
    while (!(await what())) {
      if (failure !== undefined) throw failure
      if (performance.now() - startedMs > timeoutMs) throw new Error(`${subject} did not start in time`)
      await delay(pauseMs)
    }
    return performance.now() - startedMs
  }
  const answerMs = await until(() => answersApiVersions(ports[0]))
  const recordMs = await until(() => acknowledges(ports[0], topic))
  const server = await starting
  return {
    server,
    metrics: {
      'process start to first answer, ms': answerMs,
      'process start to first acknowledged record, ms': recordMs,
      'CPU until then, s': cpuSeconds(server.pid),
      'resident memory, MiB': memory(server.pid).residentBytes / 2 ** 20,
    },
  }
}

/** Sends one record with acks=all on a connection of its own. */
export function acknowledges(port: number, topic: string): Promise<boolean> {
  const frame = produceFrame({ topic, partition: 0 }, -1, batchOf({ recordCount: 1, recordSizeBytes: 100 }))
  const errorAt = 4 + produceErrorAt(topic)
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 30_000 })
    let received = Buffer.alloc(0)
    const finish = (isAcknowledged: boolean): void => {
      socket.destroy()
      resolve(isAcknowledged)
    }
    socket.on('connect', () => socket.write(frame))
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      if (received.length >= errorAt + 2) finish(received.readInt16BE(errorAt) === 0)
    })
    for (const event of ['error', 'timeout', 'close'] as const) socket.on(event, () => finish(false))
  })
}
