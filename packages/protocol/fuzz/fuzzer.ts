/**
 * A coverage-guided fuzzer: inputs that reach something new join the corpus of their target and are mutated further.
 *
 * "New" as AFL has it: a branch of the instrumented decoder taken a new order of magnitude of times (1, 2, 3, 4–7,
 * 8–15, 16–31, 32–127, 128+). Deterministic: the same seed and the same number of runs do the same.
 */
import { below, SeededRandom, type Random } from '@braidlog/base'
import { ProtocolError } from '../src/errors.ts'
import { minimize, mutate } from './mutate.ts'
import { randomValue } from './random-value.ts'
import type { Target } from './target.ts'

/** Inputs kept per target; beyond it a random one makes room. */
const CORPUS_MAX = 200
/** Mutations of one target before the next one's turn: its code and corpus stay in the caches. */
const BATCH = 32

export interface Progress {
  readonly runs: number
  readonly corpusSize: number
  /** Branches times orders of magnitude seen. */
  readonly coverage: number
}

export interface Finding {
  readonly target: string
  readonly input: Uint8Array
  readonly error: unknown
}

/** What is known about one target. */
interface Explored {
  readonly target: Target
  readonly corpus: Uint8Array[]
  /** Per branch the orders of magnitude seen, a bit each. */
  readonly seen: Uint8Array
}

export class Fuzzer {
  readonly #random: Random
  readonly #explored: Explored[]
  #runs = 0
  #corpusSize = 0
  #coverage = 0

  constructor(targets: readonly Target[], seed: number) {
    this.#random = new SeededRandom(seed)
    this.#explored = targets.map((target) => ({ target, corpus: [], seen: new Uint8Array(target.counters.length) }))
  }

  progress(): Progress {
    return { runs: this.#runs, corpusSize: this.#corpusSize, coverage: this.#coverage }
  }

  /** Runs `count` inputs. @returns the first that breaks a property, made small */
  run(count: number): Finding | undefined {
    for (const end = this.#runs + count; this.#runs < end;) {
      const explored = this.#explored[below(this.#random, this.#explored.length)]!
      if (explored.corpus.length === 0) {
        const finding = this.#try(explored, this.#seedInput(explored.target), true)
        if (finding !== undefined) return finding
      }
      for (let i = 0; i < BATCH && this.#runs < end; i++) {
        const finding = this.#try(explored, mutate(this.#pick(explored), this.#pick(explored), this.#random), false)
        if (finding !== undefined) return finding
      }
    }
    return undefined
  }

  #seedInput({ message, version }: Target): Uint8Array {
    return message.encode(randomValue(message, version, this.#random), version)
  }

  /** Mostly from the corpus; now and then a valid message that nobody has seen. */
  #pick({ corpus, target }: Explored): Uint8Array {
    if (below(this.#random, 16) === 0) return this.#seedInput(target)
    return corpus[below(this.#random, corpus.length)]!
  }

  #try(explored: Explored, input: Uint8Array, keep: boolean): Finding | undefined {
    this.#runs++
    const { target } = explored
    const error = problemOf(target, input)
    if (error !== undefined) {
      const small = minimize(input, (bytes) => problemOf(target, bytes) !== undefined)
      return { target: target.name, input: small, error: problemOf(target, small) }
    }
    if (this.#recordCoverage(explored) || keep) this.#keep(explored.corpus, input)
    return undefined
  }

  /** @returns whether the last input reached something new */
  #recordCoverage({ target, seen }: Explored): boolean {
    let isNew = false
    for (let i = 0; i < seen.length; i++) {
      const bit = magnitudeBit(target.counters[i]!)
      if ((seen[i]! & bit) !== bit) {
        seen[i]! |= bit
        this.#coverage++
        isNew = true
      }
    }
    return isNew
  }

  #keep(corpus: Uint8Array[], input: Uint8Array): void {
    if (corpus.length < CORPUS_MAX) {
      corpus.push(input)
      this.#corpusSize++
    } else corpus[below(this.#random, CORPUS_MAX)] = input
  }
}

/** The error of a property that does not hold, or of a decoder that throws anything but a `ProtocolError`. */
function problemOf(target: Target, input: Uint8Array): unknown {
  try {
    target.explore(input)
  } catch (error) {
    if (!(error instanceof ProtocolError)) return error
  }
  try {
    target.check(input)
  } catch (error) {
    return error
  }
  return undefined
}

function magnitudeBit(count: number): number {
  if (count < 4) return (1 << count) >> 1
  if (count < 8) return 8
  if (count < 16) return 16
  if (count < 32) return 32
  return count < 128 ? 64 : 128
}
