/**
 * One key's records as the whole history knows them: who sent them with what outcome, at which offsets they were seen, and
 * since when each offset is known to be taken.
 *
 * Fill it with `sent`, then `polled`, then `seal` it: what comes after reads only.
 */
import { assert } from '@braidlog/base'
import type { Report } from './check.ts'
import type { CompletedOperation } from './event.ts'

interface SentValue {
  readonly outcome: CompletedOperation['type']
  /** -1: not said */
  readonly offset: number
  readonly completedMs: number
}

export class KeyHistory {
  readonly key: number
  acknowledgedCount = 0
  unknownCount = 0
  readonly #sent = new Map<number, SentValue>()
  /** Where each value was seen: one offset, or several when something is wrong. */
  readonly #offsetsOf = new Map<number, number | Set<number>>()
  readonly #valuesAt = new Map<number, number | Set<number>>()
  readonly #knownSinceMs = new Map<number, number>()
  readonly #polledValues = new Set<number>()
  #polledOffsetMax = -1
  /** Known offsets in order, and for each the time since when it or one behind it is known. */
  #offsets = new Float64Array(0)
  #knownSinceSuffixMs = new Float64Array(0)

  constructor(key: number) {
    this.key = key
  }

  get polledCount(): number {
    return this.#polledValues.size
  }

  /** @returns whether the value is new to the key */
  sent(value: number, outcome: SentValue['outcome'], offset: number, completedMs: number): boolean {
    if (this.#sent.has(value)) return false
    this.#sent.set(value, { outcome, offset, completedMs })
    if (outcome === 'ok') this.acknowledgedCount++
    else if (outcome === 'info') this.unknownCount++
    return true
  }

  polled(value: number, offset: number, completedMs: number): void {
    this.#polledValues.add(value)
    if (offset > this.#polledOffsetMax) this.#polledOffsetMax = offset
    this.#note(value, offset, completedMs)
  }

  /** Takes the acknowledged offsets in as well, and puts the offsets in order. */
  seal(): void {
    for (const [value, { outcome, offset, completedMs }] of this.#sent) {
      if (offset < 0) continue
      // An offset beside an unknown outcome counts once the record was read: then it was written.
      if (outcome === 'ok' || (outcome === 'info' && this.#wasPolled(value))) this.#note(value, offset, completedMs)
    }
    const offsets = Float64Array.from(this.#valuesAt.keys()).sort()
    const suffix = new Float64Array(offsets.length)
    let sinceMs = Infinity
    for (let at = offsets.length - 1; at >= 0; at--) {
      sinceMs = Math.min(sinceMs, this.#knownSinceMs.get(offsets[at]!) ?? Infinity)
      suffix[at] = sinceMs
    }
    this.#offsets = offsets
    this.#knownSinceSuffixMs = suffix
  }

  /** What is wrong with the key whoever looks at it. */
  check(report: Report): void {
    const { key } = this
    for (const [offset, values] of this.#valuesAt) {
      if (typeof values === 'number') continue
      const all = [...values]
      report('inconsistent-offsets', key, all[0]!, () => `offset ${offset} held ${all.join(', ')}`)
    }
    for (const [value, offsets] of this.#offsetsOf) {
      if (typeof offsets === 'number') continue
      report('duplicate', key, value, () => `${value} is at offsets ${[...offsets].join(', ')}`)
    }
    for (const value of this.#polledValues) {
      const sent = this.#sent.get(value)
      if (sent === undefined) report('never-sent', key, value, () => `${value} was polled, but never sent`)
      else if (sent.outcome === 'fail') {
        report('aborted-read', key, value, () => `${value} was polled, although its send certainly failed`)
      }
    }
    for (const [value, { outcome, offset }] of this.#sent) {
      if (outcome !== 'ok' || this.#wasPolled(value)) continue
      const isLost = offset >= 0 && offset < this.#polledOffsetMax
      report(isLost ? 'lost-write' : 'unseen', key, value, () =>
        isLost
          ? `${value} was acknowledged at offset ${offset} and never polled, while offset ${this.#polledOffsetMax} was`
          : `${value} was acknowledged${offset < 0 ? '' : ` at offset ${offset}`} and never polled`,
      )
    }
  }

  /** @returns the first known offset behind `offset`, or Infinity */
  nextOffset(offset: number): number {
    return this.#offsets[this.#indexBehind(offset)] ?? Infinity
  }

  /** @returns since when something behind `offset` is known to be there, or Infinity */
  knownBehindSinceMs(offset: number): number {
    return this.#knownSinceSuffixMs[this.#indexBehind(offset)] ?? Infinity
  }

  #wasPolled(value: number): boolean {
    return this.#polledValues.has(value)
  }

  #note(value: number, offset: number, completedMs: number): void {
    addTo(this.#offsetsOf, value, offset)
    addTo(this.#valuesAt, offset, value)
    const since = this.#knownSinceMs.get(offset)
    if (since === undefined || completedMs < since) this.#knownSinceMs.set(offset, completedMs)
  }

  #indexBehind(offset: number): number {
    const offsets = this.#offsets
    let low = 0
    let high = offsets.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (offsets[middle]! <= offset) low = middle + 1
      else high = middle
    }
    assert(low === offsets.length || offsets[low]! > offset, 'the offset found lies behind')
    return low
  }
}

/** One number stays one number: sets are for what should not happen. */
function addTo(map: Map<number, number | Set<number>>, key: number, value: number): void {
  const known = map.get(key)
  if (known === undefined) map.set(key, value)
  else if (typeof known === 'number') {
    if (known !== value) map.set(key, new Set([known, value]))
  } else known.add(value)
}
