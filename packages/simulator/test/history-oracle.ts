/**
 * The checker's rules once more, as they would be written on a board: sets, and a look at everything for everything.
 * @returns every anomaly as `name key value`, in no order
 */
import { completedOperations, type AnomalyName, type HistoryEvent } from '../src/history/index.ts'

export function anomaliesByBruteForce(events: readonly HistoryEvent[]): string[] {
  const operations = completedOperations(events)
  const sends = operations.flatMap((each) =>
    each.operation.kind === 'send'
      ? each.operation.sends.map((sent) => ({ ...sent, outcome: each.type, process: each.process }))
      : [],
  )
  const polls = operations.flatMap(({ operation }) => (operation.kind === 'poll' ? operation.polls : []))
  const wasPolled = (key: number, value: number) => polls.some((each) => each.key === key && each.value === value)
  const places = [
    ...polls,
    ...sends.flatMap(({ key, value, offset, outcome }) =>
      offset !== undefined && (outcome === 'ok' || (outcome === 'info' && wasPolled(key, value)))
        ? [{ key, value, offset }]
        : [],
    ),
  ]
  const found: string[] = []
  const add = (name: AnomalyName, key: number, value: number) => found.push(`${name} ${key} ${value}`)
  const once = <T>(values: T[], name: (value: T) => string) => [
    ...new Map(values.toReversed().map((each) => [name(each), each])).values(),
  ]

  for (const { key, offset, value } of once(places, (each) => `${each.key} ${each.offset}`)) {
    if (places.some((each) => each.key === key && each.offset === offset && each.value !== value)) {
      add('inconsistent-offsets', key, value)
    }
  }
  for (const { key, value, offset } of once(places, (each) => `${each.key} ${each.value}`)) {
    if (places.some((each) => each.key === key && each.value === value && each.offset !== offset))
      add('duplicate', key, value)
  }
  for (const { key, value } of once([...polls], (each) => `${each.key} ${each.value}`)) {
    const sent = sends.find((each) => each.key === key && each.value === value)
    if (sent === undefined) add('never-sent', key, value)
    else if (sent.outcome === 'fail') add('aborted-read', key, value)
  }
  for (const { key, value, offset, outcome } of sends) {
    if (outcome !== 'ok' || wasPolled(key, value)) continue
    const isPassed = offset !== undefined && polls.some((each) => each.key === key && each.offset > offset)
    add(isPassed ? 'lost-write' : 'unseen', key, value)
  }

  const isSkipped = (key: number, from: number, to: number) =>
    places.some((each) => each.key === key && each.offset > from && each.offset < to)
  operations.forEach(({ process, operation }, at) => {
    if (operation.kind !== 'poll') return
    operation.polls.forEach(({ key, offset, value }, position) => {
      if (operation.rebalanced?.includes(key)) return
      const within = operation.polls.slice(0, position).findLast((each) => each.key === key)?.offset
      const before = within ?? positionBefore(at, process, key)
      if (before === undefined) return
      if (offset <= before) add(within === undefined ? 'nonmonotonic-poll' : 'int-nonmonotonic-poll', key, value)
      else if (isSkipped(key, before, offset)) add(within === undefined ? 'poll-skip' : 'int-poll-skip', key, value)
    })
  })
  function positionBefore(at: number, process: number, key: number): number | undefined {
    for (const each of operations.slice(0, at).toReversed()) {
      if (each.process !== process || each.operation.kind === 'send') continue
      if (each.operation.kind !== 'poll' || each.type !== 'ok') return undefined
      const last = each.operation.polls.findLast((polled) => polled.key === key)
      if (last !== undefined) return isSubscribed(at, process) ? undefined : last.offset
      if (each.operation.rebalanced?.includes(key)) return undefined
    }
    return undefined
  }
  function isSubscribed(at: number, process: number): boolean {
    const last = operations
      .slice(0, at)
      .findLast((each) => each.process === process && ['assign', 'crash', 'subscribe'].includes(each.operation.kind))
    return last?.operation.kind === 'subscribe'
  }

  operations.forEach(({ process, operation, type }, at) => {
    if (operation.kind !== 'send' || type !== 'ok') return
    const lastCrash = operations
      .slice(0, at)
      .findLastIndex((each) => each.process === process && each.operation.kind === 'crash')
    const earlier = operations
      .slice(lastCrash + 1, at)
      .flatMap((each) =>
        each.process === process && each.type === 'ok' && each.operation.kind === 'send' ? each.operation.sends : [],
      )
    operation.sends.forEach(({ key, offset, value }, position) => {
      if (offset === undefined) return
      const reaches = (each: { key: number; offset?: number }) => each.key === key && (each.offset ?? -1) >= offset
      if (earlier.some(reaches)) add('nonmonotonic-send', key, value)
      else if (operation.sends.slice(0, position).some(reaches)) add('int-nonmonotonic-send', key, value)
    })
  })
  return found
}
