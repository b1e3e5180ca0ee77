/** Randomness as an interface, and a seeded generator (xoshiro128**) for everything that must replay. */

export interface Random {
  /** @returns an integer in [0, 2^32). */
  uint32(): number
}

/** @returns an integer in [0, bound), free of modulo bias for the bounds we use (below 2^20 of 2^32). */
export function below(random: Random, bound: number): number {
  return Math.floor((random.uint32() / 2 ** 32) * bound)
}

/** @returns `sizeBytes` fresh random bytes. */
export function randomBytes(random: Random, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes)
  for (let i = 0; i < sizeBytes; i++) bytes[i] = random.uint32() & 0xff
  return bytes
}

/**
 * Deterministic generator: same seed, same sequence, on every platform.
 * Source: Blackman and Vigna, xoshiro128** 1.1; the state is filled from the seed by splitmix32.
 */
export class SeededRandom implements Random {
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(seed: number) {
    let state = seed >>> 0
    const next = (): number => {
      state = (state + 0x9e3779b9) >>> 0
      let z = state
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
      return (z ^ (z >>> 16)) >>> 0
    }
    this.#a = next()
    this.#b = next()
    this.#c = next()
    this.#d = next()
  }

  uint32(): number {
    const x = Math.imul(this.#b, 5)
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0
    const t = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= t
    this.#d = (this.#d << 11) | (this.#d >>> 21)
    return result
  }
}
