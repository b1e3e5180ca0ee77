/**
 * A client that sends and reads while nodes fail, whoever wrote it. What it did and saw becomes a history for the checker:
 * keys are the partitions of its topic, values are numbers that it sends once each.
 */
import { Kafka } from '@braidlog/client'
import type { HistoryEvent, Polled } from '@braidlog/simulator/history'
import type { Acknowledgements } from '../acknowledgements.ts'

export interface LoadOptions {
  readonly bootstrapServers: readonly string[]
  readonly topic: string
  readonly partitionCount: number
  readonly recordsPerSecond: number
  readonly requestTimeoutMs: number
}

export interface Load {
  /** Of the client. */
  readonly name: string
  readonly topic: string
  readonly acknowledgements: Acknowledgements
  /** Resolves when it sends. */
  start(): Promise<void>
  /** Ends it, after what is under way has ended. */
  stop(): Promise<void>
  /** @param final everything that is in the topic at the end @returns what it did and saw, in the order of time */
  history(final: readonly Polled[]): HistoryEvent[]
  /** The last that it said, for error messages. */
  tail(): string
}

/** How long a record may take, faults and all, before its outcome counts as unknown. */
export const DELIVERY_TIMEOUT_MS = 120_000
const FINAL_READ_TIMEOUT_MS = 120_000

/** Everything that is in a topic, read once from the beginning by a client of its own. */
export async function readAll(bootstrapServers: readonly string[], topic: string): Promise<Polled[]> {
  const kafka = new Kafka({ bootstrapServers: [...bootstrapServers], clientId: 'faults-final' })
  const polls: Polled[] = []
  try {
    const reader = kafka.reader({ assign: [topic], until: 'end' })
    for await (const record of reader.records({ signal: AbortSignal.timeout(FINAL_READ_TIMEOUT_MS) })) {
      polls.push({ key: record.partition, offset: Number(record.offset), value: Number(record.value!.toString()) })
    }
  } finally {
    await kafka.close()
  }
  return polls
}

/** The process of the last poll: one that no load has. */
const FINAL_PROCESS = 1_000_000

/** The history of a load that has stopped, with a last poll of everything. */
export function historyOf(load: Load, final: readonly Polled[]): HistoryEvent[] {
  const events = load.history(final)
  const last = { timeMs: performance.now(), process: FINAL_PROCESS }
  events.push({ ...last, type: 'invoke', operation: { kind: 'poll', polls: [] } })
  events.push({ ...last, type: 'ok', operation: { kind: 'poll', polls: final } })
  return events
}
