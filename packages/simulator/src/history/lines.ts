/** A history as text, one JSON object per line: `{"t":12.5,"p":3,"type":"ok","f":"send","v":…}`. */
import { HistoryError, type EventType, type HistoryEvent, type Operation } from './event.ts'

type Line = { t: number; p: number; type: EventType; f: Operation['kind']; v: unknown; rebalanced?: number[] }

export function* writeHistory(events: Iterable<HistoryEvent>): Generator<string, void, void> {
  for (const { timeMs, process, type, operation } of events) {
    const line: Line = { t: timeMs, p: process, type, f: operation.kind, v: valueOf(operation) }
    if (operation.kind === 'poll' && operation.rebalanced !== undefined) line.rebalanced = [...operation.rebalanced]
    yield JSON.stringify(line)
  }
}

/** @throws HistoryError naming the line */
export function* parseHistory(lines: Iterable<string>): Generator<HistoryEvent, void, void> {
  let number = 0
  for (const text of lines) {
    number++
    if (text === '') continue
    let line: Line
    try {
      line = JSON.parse(text) as Line
    } catch (cause) {
      throw new HistoryError(`line ${number} is not JSON`, { cause })
    }
    const { t, p, type, f } = line
    if (typeof t !== 'number' || typeof p !== 'number' || !['fail', 'info', 'invoke', 'ok'].includes(type)) {
      throw new HistoryError(`line ${number} has no time, process or type`)
    }
    yield { timeMs: t, process: p, type, operation: operationOf(f, line, number) }
  }
}

function valueOf(operation: Operation): unknown {
  switch (operation.kind) {
    case 'send':
      return operation.sends.map(({ key, value, offset }) =>
        offset === undefined ? [key, value] : [key, value, offset],
      )
    case 'poll':
      return operation.polls.map(({ key, offset, value }) => [key, offset, value])
    case 'assign':
    case 'subscribe':
      return operation.keys
    case 'crash':
      return null
    default:
      return operation satisfies never
  }
}

function operationOf(kind: Operation['kind'], line: Line, number: number): Operation {
  const tuples = (lengthMin: number): number[][] => {
    const { v } = line
    const fits = (each: unknown) =>
      Array.isArray(each) && each.length >= lengthMin && each.every((item) => Number.isSafeInteger(item))
    if (!Array.isArray(v) || !v.every(fits))
      throw new HistoryError(`line ${number}: the value of a ${kind} is malformed`)
    return v as number[][]
  }
  switch (kind) {
    case 'send':
      return {
        kind,
        sends: tuples(2).map(([key, value, offset]) =>
          offset === undefined ? { key: key!, value: value! } : { key: key!, value: value!, offset },
        ),
      }
    case 'poll': {
      const polls = tuples(3).map(([key, offset, value]) => ({ key: key!, offset: offset!, value: value! }))
      return line.rebalanced === undefined ? { kind, polls } : { kind, polls, rebalanced: line.rebalanced }
    }
    case 'assign':
    case 'subscribe': {
      const { v } = line
      if (!Array.isArray(v) || !v.every(Number.isSafeInteger))
        throw new HistoryError(`line ${number}: ${kind} needs keys`)
      return { kind, keys: v as number[] }
    }
    case 'crash':
      return { kind }
    default:
      throw new HistoryError(`line ${number}: there is no operation ${JSON.stringify(kind satisfies never)}`)
  }
}
