/** What a load was, and what the server spent on it. */
import type { PeerServer } from '../../conformance/peers/server.ts'
import { cpuSeconds } from '../process-usage.ts'

/** A load takes at most this long; one that does not end is a failure of the measurement. */
export const loadTimeoutMs = 300_000

export interface Load {
  readonly topic: string
  readonly records: number
  readonly recordSizeBytes: number
}

/** librdkafka's and Java's defaults, 16 KiB, or batches as large as they get. */
export type Batches = '16KiB' | 'default' | '1MiB'

export interface ProduceLoad extends Load {
  readonly acks: 1 | 'all'
  readonly batches: Batches
}

export interface Spent {
  /** Wall time of the load itself, by the program that made it. */
  readonly seconds: number
  readonly megabytesPerSecond: number
  /** CPU seconds of the server per gigabyte of record payload. */
  readonly serverCpuSecondsPerGigabyte: number
}

export interface Latency {
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

/** Runs `load` and tells what `server` spent; `load` resolves with its own wall time in seconds. */
export async function measure(server: PeerServer, sizeBytes: number, load: () => Promise<number>): Promise<Spent> {
  const before = cpuSeconds(server.pid)
  const seconds = await load()
  const serverSpent = cpuSeconds(server.pid) - before
  return {
    seconds,
    megabytesPerSecond: sizeBytes / 1e6 / seconds,
    serverCpuSecondsPerGigabyte: serverSpent / (sizeBytes / 1e9),
  }
}

export const sizeOf = (load: Load): number => load.records * load.recordSizeBytes

/** `100 B`, `1 KiB`. */
export const sizeName = (sizeBytes: number): string => (sizeBytes < 1024 ? `${sizeBytes} B` : `${sizeBytes / 1024} KiB`)

export const spentMetrics = (spent: Spent): Record<string, number> => ({
  'MB/s': spent.megabytesPerSecond,
  'server CPU s/GB': spent.serverCpuSecondsPerGigabyte,
})

export const latencyMetrics = (latency: Latency): Record<string, number> => ({
  'p50 ms': latency.p50,
  'p99 ms': latency.p99,
  'p99.9 ms': latency.p999,
})

export const spentText = (spent: Spent): string =>
  `${spent.megabytesPerSecond.toFixed(0)} MB/s, ${spent.serverCpuSecondsPerGigabyte.toFixed(2)} s/GB`

export const latencyText = (latency: Latency): string =>
  `p50 ${latency.p50.toFixed(2)}, p99 ${latency.p99.toFixed(2)}, p99.9 ${latency.p999.toFixed(2)} ms`
