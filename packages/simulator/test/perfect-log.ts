/**
 * Histories without fault, from a log that is one array per key: several processes send and poll at once, some outcomes are
 * unknown, some sends are refused, and in the end everything is polled.
 */
import { below, SeededRandom } from '@braidlog/base'
import type { HistoryEvent, Operation, Polled, Sent } from '../src/history/index.ts'

export interface HistoryShape {
  readonly keyCount: number
  readonly processCount: number
  readonly operationCount: number
  readonly recordsPerOperationMax: number
}

interface Running {
  readonly process: number
  readonly operation: Operation
  /** How it will end; set when the log has been touched. */
  ending: HistoryEvent['type'] | undefined
  result: Operation
}

const POLL_RECORDS_MAX = 7

export function perfectHistory(seed: number, shape: HistoryShape): HistoryEvent[] {
  const random = new SeededRandom(seed)
  const { keyCount, processCount, operationCount, recordsPerOperationMax } = shape
  const log: number[][] = Array.from({ length: keyCount }, () => [])
  const positions: Map<number, number>[] = Array.from({ length: processCount }, () => new Map())
  const running = new Map<number, Running>()
  const events: HistoryEvent[] = []
  let nextValue = 1
  let timeMs = 0

  const emit = (process: number, type: HistoryEvent['type'], operation: Operation) => {
    timeMs += below(random, 4)
    events.push({ timeMs, process, type, operation })
  }
  const choose = (process: number): Operation => {
    const dice = below(random, 32)
    if (dice === 0) return { kind: 'crash' }
    if (dice === 1 || positions[process]!.size === 0) {
      const keys = Array.from({ length: keyCount }, (_, key) => key).filter(
        (key) => key === 0 || below(random, 2) === 0,
      )
      return { kind: 'assign', keys }
    }
    if (dice < 17) return { kind: 'poll', polls: [] }
    const count = 1 + below(random, recordsPerOperationMax)
    return {
      kind: 'send',
      sends: Array.from({ length: count }, () => ({ key: below(random, keyCount), value: nextValue++ })),
    }
  }
  const perform = (run: Running) => {
    const { process, operation } = run
    const position = positions[process]!
    run.ending = 'ok'
    switch (operation.kind) {
      case 'send': {
        const dice = below(random, 16)
        if (dice === 0) {
          run.ending = 'fail'
          return
        }
        const sends: Sent[] = operation.sends.map(({ key, value }) => ({
          key,
          value,
          offset: log[key]!.push(value) - 1,
        }))
        if (dice === 1) run.ending = 'info'
        else run.result = { kind: 'send', sends }
        // Unknown, and in truth not all of it was written.
        if (dice === 2) {
          const cut = operation.sends.at(-1)!
          log[cut.key]!.pop()
          run.ending = 'info'
          run.result = operation
        }
        return
      }
      case 'poll':
        run.result = { kind: 'poll', polls: take(log, position, POLL_RECORDS_MAX, random) }
        return
      case 'assign':
      case 'subscribe':
        position.clear()
        for (const key of operation.keys) position.set(key, 0)
        return
      case 'crash':
        position.clear()
    }
  }

  for (let begun = 0; begun < operationCount || running.size > 0;) {
    const process = below(random, processCount)
    const run = running.get(process)
    if (run === undefined) {
      if (begun >= operationCount) continue
      begun++
      const operation = choose(process)
      running.set(process, { process, operation, ending: undefined, result: operation })
      emit(process, 'invoke', operation)
    } else if (run.ending === undefined) perform(run)
    else {
      emit(process, run.ending, run.result)
      running.delete(process)
    }
  }
  const everything = Array.from({ length: keyCount }, (_, key) => key)
  for (let process = 0; process < processCount; process++) {
    const operation: Operation = { kind: 'assign', keys: everything }
    emit(process, 'invoke', operation)
    emit(process, 'ok', operation)
    const position = new Map(everything.map((key) => [key, 0]))
    for (let polls = take(log, position, 64, random); polls.length > 0; polls = take(log, position, 64, random)) {
      emit(process, 'invoke', { kind: 'poll', polls: [] })
      emit(process, 'ok', { kind: 'poll', polls })
    }
  }
  return events
}

function take(
  log: readonly number[][],
  position: Map<number, number>,
  countMax: number,
  random: SeededRandom,
): Polled[] {
  const polls: Polled[] = []
  const keys = [...position.keys()]
  const first = below(random, Math.max(1, keys.length))
  for (const key of [...keys.slice(first), ...keys.slice(0, first)]) {
    const from = position.get(key)!
    const values = log[key]!.slice(from, from + countMax - polls.length)
    values.forEach((value, at) => polls.push({ key, offset: from + at, value }))
    position.set(key, from + values.length)
  }
  return polls
}
