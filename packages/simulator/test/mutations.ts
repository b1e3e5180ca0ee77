/** Ways to spoil a history that was without fault, each with the anomaly that it must be called. */
import { below, type Random } from '@braidlog/base'
import type { AnomalyName, HistoryEvent, Operation, Polled, Sent } from '../src/history/index.ts'

export interface Mutation {
  readonly name: string
  readonly anomaly: AnomalyName
  /** @returns the spoiled history, or `undefined` when this one offers no place for it */
  apply(events: readonly HistoryEvent[], random: Random): HistoryEvent[] | undefined
}

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'a record is gone from every poll',
    anomaly: 'lost-write',
    apply(events, random) {
      const last = lastPolledOffsets(events)
      const lost = pick(
        acknowledged(events).filter(({ key, offset }) => offset! < last.get(key)!),
        random,
      )
      return lost && mapPolls(events, (polls) => polls.filter((each) => each.value !== lost.value))
    },
  },
  {
    name: 'the last record of a key is gone from every poll',
    anomaly: 'unseen',
    apply(events, random) {
      const last = lastPolledOffsets(events)
      const unseen = pick(
        acknowledged(events).filter(({ key, offset }) => offset === last.get(key)),
        random,
      )
      return unseen && mapPolls(events, (polls) => polls.filter((each) => each.value !== unseen.value))
    },
  },
  {
    name: 'one poll leaves out a record in its middle',
    anomaly: 'int-poll-skip',
    apply: (events, random) =>
      changeOnePoll(events, random, (polls, at) => {
        const { key } = polls[at]!
        const isInner =
          polls.slice(0, at).some((each) => each.key === key) && polls.slice(at + 1).some((each) => each.key === key)
        return isInner ? polls.toSpliced(at, 1) : undefined
      }),
  },
  {
    name: 'one poll leaves out its first record of a key',
    anomaly: 'poll-skip',
    apply: (events, random) =>
      changeOnePoll(events, random, (polls, at, known) => {
        const { key } = polls[at]!
        const isFirst = !polls.slice(0, at).some((each) => each.key === key)
        return isFirst && known.has(key) && polls.slice(at + 1).some((each) => each.key === key)
          ? polls.toSpliced(at, 1)
          : undefined
      }),
  },
  {
    name: 'two records of a poll change places',
    anomaly: 'int-nonmonotonic-poll',
    apply: (events, random) =>
      changeOnePoll(events, random, (polls, at) =>
        polls[at + 1]?.key === polls[at]!.key ? polls.toSpliced(at, 2, polls[at + 1]!, polls[at]!) : undefined,
      ),
  },
  {
    name: 'a record comes twice in one poll',
    anomaly: 'int-nonmonotonic-poll',
    apply: (events, random) => changeOnePoll(events, random, (polls, at) => polls.toSpliced(at, 0, polls[at]!)),
  },
  {
    name: 'a consumer is given a record again in its next poll',
    anomaly: 'nonmonotonic-poll',
    apply: (events, random) =>
      changeOnePoll(events, random, (polls, at, known) => {
        const { key } = polls[at]!
        const before = known.get(key)
        const isFirst = !polls.slice(0, at).some((each) => each.key === key)
        return isFirst && before !== undefined ? polls.toSpliced(at, 0, before) : undefined
      }),
  },
  {
    name: 'a value is polled at an offset of its own and at a second one',
    anomaly: 'duplicate',
    apply: (events, random) =>
      changeOnePoll(events, random, (polls, at) => [...polls, { ...polls[at]!, offset: 1_000_000 }]),
  },
  {
    name: 'one poll shows another value at an offset',
    anomaly: 'inconsistent-offsets',
    apply(events, random) {
      const other = pick(acknowledged(events), random)
      return changeOnePoll(events, random, (polls, at) => {
        const polled = polls[at]!
        if (other === undefined || other.key !== polled.key || other.value === polled.value) return undefined
        return polls.with(at, { ...polled, value: other.value })
      })
    },
  },
  {
    name: 'a poll shows a value that nobody sent',
    anomaly: 'never-sent',
    apply: (events, random) =>
      changeOnePoll(events, random, (polls, at) => polls.with(at, { ...polls[at]!, value: -7 })),
  },
  {
    name: 'a send that was written is said to have failed',
    anomaly: 'aborted-read',
    apply(events, random) {
      const chosen = pick(
        positionsOf(events, (event) => event.type === 'ok' && event.operation.kind === 'send'),
        random,
      )
      return chosen === undefined ? undefined : [...events].with(chosen, { ...events[chosen]!, type: 'fail' })
    },
  },
  {
    name: 'two records of one send have changed offsets',
    anomaly: 'int-nonmonotonic-send',
    apply: (events, random) =>
      changeOneSend(events, random, (sends, at) => {
        const next = sends.findIndex((each, position) => position > at && each.key === sends[at]!.key)
        if (next < 0) return undefined
        return sends
          .with(at, { ...sends[at]!, offset: sends[next]!.offset! })
          .with(next, { ...sends[next]!, offset: sends[at]!.offset! })
      }),
  },
  {
    name: 'a producer is told an offset below one that it had before',
    anomaly: 'nonmonotonic-send',
    apply: (events, random) =>
      changeOneSend(events, random, (sends, at, earlier) => {
        const before = earlier.get(sends[at]!.key)
        return before === undefined ? undefined : sends.with(at, { ...sends[at]!, offset: before })
      }),
  },
  {
    name: 'two producers are told the same offset',
    anomaly: 'inconsistent-offsets',
    apply(events, random) {
      const other = pick(acknowledged(events), random)
      return changeOneSend(events, random, (sends, at) => {
        const sent = sends[at]!
        if (other === undefined || other.key !== sent.key || other.value === sent.value) return undefined
        return sends.with(at, { ...sent, offset: other.offset! })
      })
    },
  },
  {
    name: 'an assignment that set a consumer back was not noted',
    anomaly: 'nonmonotonic-poll',
    apply(events, random) {
      const assigns = positionsOf(events, (event) => event.type === 'invoke' && event.operation.kind === 'assign')
      const spoiled = assigns
        .filter((at) => {
          const { process } = events[at]!
          const isReading = (each: HistoryEvent) =>
            each.process === process && each.type !== 'invoke' && each.operation.kind !== 'send'
          const before = events.slice(0, at).findLast(isReading)
          const [, after] = events.slice(at).filter(isReading)
          if (before?.operation.kind !== 'poll' || after?.operation.kind !== 'poll') return false
          const first = after.operation.polls[0]
          if (first === undefined) return false
          return before.operation.polls.some((each) => each.key === first.key && each.offset >= first.offset)
        })
        .map((at) => {
          const end = events.findIndex((each, position) => position > at && each.process === events[at]!.process)
          return events.filter((_, position) => position !== at && position !== end)
        })
      return pick(spoiled, random)
    },
  },
]

function pick<T>(from: readonly T[], random: Random): T | undefined {
  return from.length === 0 ? undefined : from[below(random, from.length)]
}

function positionsOf(events: readonly HistoryEvent[], wanted: (event: HistoryEvent) => boolean): number[] {
  return events.flatMap((event, at) => (wanted(event) ? [at] : []))
}

function acknowledged(events: readonly HistoryEvent[]): Sent[] {
  return events.flatMap(({ type, operation }) => (type === 'ok' && operation.kind === 'send' ? operation.sends : []))
}

function lastPolledOffsets(events: readonly HistoryEvent[]): Map<number, number> {
  const last = new Map<number, number>()
  for (const { operation } of events) {
    if (operation.kind !== 'poll') continue
    for (const { key, offset } of operation.polls) last.set(key, Math.max(offset, last.get(key) ?? -1))
  }
  return last
}

function mapPolls(events: readonly HistoryEvent[], change: (polls: readonly Polled[]) => Polled[]): HistoryEvent[] {
  return events.map((event) =>
    event.operation.kind === 'poll'
      ? { ...event, operation: { ...event.operation, polls: change(event.operation.polls) } }
      : event,
  )
}

/** @param change gets the polls, a position in them, and what the consumer's last poll of each key ended with */
function changeOnePoll(
  events: readonly HistoryEvent[],
  random: Random,
  change: (polls: readonly Polled[], at: number, known: Map<number, Polled>) => readonly Polled[] | undefined,
): HistoryEvent[] | undefined {
  const changed: HistoryEvent[][] = []
  const known = new Map<number, Map<number, Polled>>()
  events.forEach((event, position) => {
    const { process, type, operation } = event
    if (operation.kind === 'assign' || operation.kind === 'crash') known.delete(process)
    if (operation.kind !== 'poll' || type !== 'ok') return
    const mine = known.get(process) ?? new Map<number, Polled>()
    known.set(process, mine)
    const at = below(random, Math.max(1, operation.polls.length))
    const polls = operation.polls.length === 0 ? undefined : change(operation.polls, at, mine)
    if (polls !== undefined) changed.push([...events].with(position, { ...event, operation: { ...operation, polls } }))
    for (const polled of operation.polls) mine.set(polled.key, polled)
  })
  return pick(changed, random)
}

/** @param change gets the sends, a position in them, and the last offset that the producer had on each key */
function changeOneSend(
  events: readonly HistoryEvent[],
  random: Random,
  change: (sends: readonly Sent[], at: number, earlier: Map<number, number>) => readonly Sent[] | undefined,
): HistoryEvent[] | undefined {
  const changed: HistoryEvent[][] = []
  const earlier = new Map<number, Map<number, number>>()
  events.forEach((event, position) => {
    const { process, type, operation } = event
    if (operation.kind === 'crash') earlier.delete(process)
    if (operation.kind !== 'send' || type !== 'ok') return
    const mine = earlier.get(process) ?? new Map<number, number>()
    earlier.set(process, mine)
    const sends = change(operation.sends, below(random, operation.sends.length), mine)
    const operationChanged: Operation | undefined = sends && { kind: 'send', sends }
    if (operationChanged !== undefined)
      changed.push([...events].with(position, { ...event, operation: operationChanged }))
    for (const { key, offset } of operation.sends) mine.set(key, offset!)
  })
  return pick(changed, random)
}
