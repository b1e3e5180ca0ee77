/**
 * Finds what must not be in a history: lost, doubled, reordered and invented records.
 *
 * The order of a key's records is that of their offsets, which are learned from every poll, whatever became of it, and from
 * acknowledgements. An acknowledged record that nobody polled is lost when a record behind it was polled; otherwise it is
 * unseen, which only counts against the cluster when everything was polled to the end at last.
 *
 * Not for topics that lose records by design: retention and compaction must be off while the history is made.
 * Every pass is linear in the events, but for the sorting of offsets; `test/history-oracle.ts` says the same by brute force.
 */
import { ANOMALIES, type Anomaly, type AnomalyName } from './anomaly.ts'
import { completedOperations, HistoryError, type CompletedOperation, type HistoryEvent } from './event.ts'
import { KeyHistory } from './key-history.ts'
import { ReaderPositions } from './reader-positions.ts'

export interface HistoryReport {
  /** Nothing was found. */
  readonly valid: boolean
  /** At most {@link EXAMPLES_MAX} of each name, in the order in which they were found. */
  readonly anomalies: readonly Anomaly[]
  readonly counts: Readonly<Record<AnomalyName, number>>
  readonly operationCount: number
  /** Records sent and acknowledged, sent with unknown outcome, and polled by at least one consumer. */
  readonly acknowledgedCount: number
  readonly unknownCount: number
  readonly polledCount: number
  /**
   * How old the news was that a poll did not bring: the longest time for which a record behind a consumer's position had
   * been known to exist when a poll began that did not return it. A lower bound; assigned consumers only.
   */
  readonly worstRealtimeLagMs: number
}

export const EXAMPLES_MAX = 16

/** @throws HistoryError the events are no history, or a value was sent to its key twice */
export function checkHistory(events: Iterable<HistoryEvent>): HistoryReport {
  const operations = completedOperations(events)
  const found = new Findings()
  const keys = new Map<number, KeyHistory>()
  const keyOf = (key: number): KeyHistory => {
    let history = keys.get(key)
    if (history === undefined) keys.set(key, (history = new KeyHistory(key)))
    return history
  }
  for (const operation of operations) recordSends(operation, keyOf)
  for (const operation of operations) recordPolls(operation, keyOf)
  let acknowledgedCount = 0
  let unknownCount = 0
  let polledCount = 0
  for (const key of keys.values()) {
    key.seal()
    key.check(found.add)
    acknowledgedCount += key.acknowledgedCount
    unknownCount += key.unknownCount
    polledCount += key.polledCount
  }
  const worstRealtimeLagMs = checkOrder(operations, keyOf, found.add)
  return {
    valid: found.examples.length === 0,
    anomalies: found.examples,
    counts: found.counts,
    operationCount: operations.length,
    acknowledgedCount,
    unknownCount,
    polledCount,
    worstRealtimeLagMs,
  }
}

/** Receives what is found. */
export type Report = (name: AnomalyName, key: number, value: number, detail: () => string) => void

class Findings {
  readonly examples: Anomaly[] = []
  readonly counts: Record<AnomalyName, number>

  constructor() {
    this.counts = Object.fromEntries(Object.keys(ANOMALIES).map((name) => [name, 0])) as Record<AnomalyName, number>
  }

  readonly add: Report = (name, key, value, detail) => {
    if (++this.counts[name] <= EXAMPLES_MAX) this.examples.push({ name, key, value, detail: detail() })
  }
}

function recordSends({ type, operation, completedMs, process }: CompletedOperation, keyOf: KeyOf): void {
  if (operation.kind !== 'send') return
  for (const { key, value, offset } of operation.sends) {
    if (!keyOf(key).sent(value, type, offset ?? -1, completedMs)) {
      throw new HistoryError(`process ${process} sends ${value} to key ${key}, to which it was sent before`)
    }
  }
}

function recordPolls({ operation, completedMs }: CompletedOperation, keyOf: KeyOf): void {
  if (operation.kind !== 'poll') return
  for (const { key, offset, value } of operation.polls) keyOf(key).polled(value, offset, completedMs)
}

type KeyOf = (key: number) => KeyHistory

/** What a producer's and a consumer's own order demands. @returns the worst lag of a poll */
function checkOrder(operations: readonly CompletedOperation[], keyOf: KeyOf, report: Report): number {
  const readers = new Map<number, ReaderPositions>()
  /** The highest acknowledged offset by process and key. */
  const writers = new Map<number, Map<number, number>>()
  let worstLagMs = 0
  for (const completed of operations) {
    const { process, operation } = completed
    switch (operation.kind) {
      case 'send':
        if (completed.type === 'ok') checkSends(completed, mapOf(writers, process), report)
        break
      case 'crash':
        writers.delete(process)
        readers.delete(process)
        break
      default: {
        let reader = readers.get(process)
        if (reader === undefined) readers.set(process, (reader = new ReaderPositions(process, keyOf, report)))
        if (operation.kind === 'poll') worstLagMs = Math.max(worstLagMs, reader.poll(completed, operation))
        else reader.reassigned(operation.kind === 'subscribe')
      }
    }
  }
  return worstLagMs
}

function checkSends({ process, operation }: CompletedOperation, highest: Map<number, number>, report: Report): void {
  if (operation.kind !== 'send') return
  const before = new Map(highest)
  for (const { key, value, offset } of operation.sends) {
    if (offset === undefined) continue
    const earlier = highest.get(key) ?? -1
    if (offset <= earlier) {
      const name = offset <= (before.get(key) ?? -1) ? 'nonmonotonic-send' : 'int-nonmonotonic-send'
      report(name, key, value, () => `process ${process} sent ${value} to offset ${offset} after one to ${earlier}`)
    } else highest.set(key, offset)
  }
}

function mapOf(maps: Map<number, Map<number, number>>, process: number): Map<number, number> {
  let map = maps.get(process)
  if (map === undefined) maps.set(process, (map = new Map()))
  return map
}
