/** The shapes of load that the cost model is made from. */
import type { BatchShape } from '../replay/frames.ts'

export interface ModelRun {
  readonly batch: BatchShape
  readonly connections: number
  /** Requests in flight on each. */
  readonly width: number
}

const run = (recordCount: number, recordSizeBytes: number, connections: number, width: number): ModelRun => ({
  batch: { recordCount, recordSizeBytes },
  connections,
  width,
})

/** From one small request at a time to twenty of a megabyte. */
export const fitRuns: readonly ModelRun[] = [
  run(1, 100, 1, 1),
  run(1, 100, 4, 1),
  run(1, 100, 64, 1),
  run(1, 1024, 4, 5),
  run(15, 1024, 1, 1),
  run(15, 1024, 4, 5),
  run(15, 1024, 64, 1),
  run(150, 100, 4, 5),
  run(250, 1024, 4, 2),
  run(1000, 1024, 4, 2),
]

/** Between those, and with other numbers of connections: the model has not seen them. */
export const checkRuns: readonly ModelRun[] = [run(4, 1024, 16, 2), run(60, 1024, 8, 3), run(400, 100, 32, 1)]

export const runName = ({ batch, connections, width }: ModelRun): string =>
  `${batch.recordCount} × ${batch.recordSizeBytes} B a request, ${connections} connection${connections === 1 ? '' : 's'}, ${width} in flight on each`

/** Payload of one request, in megabytes. */
export const megabytesOf = ({ batch }: ModelRun): number => (batch.recordCount * batch.recordSizeBytes) / 1e6

/**
 * What one request is made of, as far as the server is concerned: itself, its bytes, and its share of a wake-up, which serves everything
 * that is in flight at that moment.
 */
export const countsOf = (one: ModelRun): readonly number[] => [1, megabytesOf(one), 1 / (one.connections * one.width)]

export interface FetchRun {
  /** Size of an answer: its records, nearly. */
  readonly maxBytes: number
  /** One request in flight on each, as consumers have it. */
  readonly connections: number
}

const fetch = (kibibytes: number, connections: number): FetchRun => ({ maxBytes: kibibytes << 10, connections })

export const fetchFitRuns: readonly FetchRun[] = [
  fetch(16, 1),
  fetch(16, 4),
  fetch(16, 16),
  fetch(64, 1),
  fetch(64, 4),
  fetch(64, 16),
  fetch(1024, 1),
  fetch(1024, 4),
]

export const fetchCheckRuns: readonly FetchRun[] = [fetch(32, 8), fetch(256, 2), fetch(512, 12)]

export const fetchName = ({ maxBytes, connections }: FetchRun): string =>
  `fetches of ${maxBytes >> 10} KiB, ${connections} connection${connections === 1 ? '' : 's'}`

export const fetchCountsOf = (one: FetchRun): readonly number[] => [1, one.maxBytes / 1e6, 1 / one.connections]

/** Producers in durable mode, one record of 1 KiB in flight each. */
export const syncConnections = [1, 4, 16, 64]
export const syncName = (connections: number): string =>
  `durable, 1 × 1024 B a request, ${connections} connection${connections === 1 ? '' : 's'}`

/** What is resident with so many of a thing, as `scenarios/model.ts` names it. */
export const residentName = (count: number, what: 'connections' | 'partitions'): string => `${count} ${what}`
