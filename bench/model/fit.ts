/**
 * Least squares for a handful of costs.
 *
 * Minimises the sum of squares of *relative* errors, since costs span three orders of magnitude and the small ones matter as much. Costs
 * cannot be negative: one that comes out below zero is taken as zero and the others are fitted again.
 */

export interface Observation {
  /** How many of each thing: requests, megabytes, … */
  readonly counts: readonly number[]
  readonly measured: number
}

/** The cost of one of each thing. */
export function fitCosts(observations: readonly Observation[]): number[] {
  const size = observations[0]?.counts.length ?? 0
  const free = new Set(Array.from({ length: size }, (_, index) => index))
  for (;;) {
    const indices = [...free]
    const solution = leastSquares(observations, indices)
    const negative = indices.filter((_, at) => solution[at]! < 0)
    if (negative.length === 0) {
      const costs = Array.from({ length: size }, () => 0)
      for (const [at, index] of indices.entries()) costs[index] = solution[at]!
      return costs
    }
    for (const index of negative) free.delete(index)
  }
}

export function predict(costs: readonly number[], counts: readonly number[]): number {
  return counts.reduce((sum, count, index) => sum + count * costs[index]!, 0)
}

function leastSquares(observations: readonly Observation[], indices: readonly number[]): number[] {
  const size = indices.length
  const matrix = Array.from({ length: size }, () => Array.from({ length: size + 1 }, () => 0))
  for (const { counts, measured } of observations) {
    const weighted = indices.map((index) => counts[index]! / measured)
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) matrix[row]![column]! += weighted[row]! * weighted[column]!
      matrix[row]![size]! += weighted[row]!
    }
  }
  return solve(matrix)
}

/** Gaussian elimination with pivoting; the last column is the right-hand side. */
function solve(matrix: number[][]): number[] {
  const size = matrix.length
  for (let column = 0; column < size; column++) {
    let pivot = column
    for (let row = column + 1; row < size; row++) {
      if (Math.abs(matrix[row]![column]!) > Math.abs(matrix[pivot]![column]!)) pivot = row
    }
    ;[matrix[column], matrix[pivot]] = [matrix[pivot]!, matrix[column]!]
    const by = matrix[column]![column]!
    if (by === 0) throw new Error('the observations do not tell the costs apart')
    for (let row = 0; row < size; row++) {
      if (row === column) continue
      const factor = matrix[row]![column]! / by
      for (let at = column; at <= size; at++) matrix[row]![at]! -= factor * matrix[column]![at]!
    }
  }
  return matrix.map((row, index) => row[size]! / row[index]!)
}
