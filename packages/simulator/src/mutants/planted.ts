/** Puts a bug of the bank into a source. */
import type { Mutant } from './mutant.ts'

/** @throws Error the line is not there, or not once: the rule has moved, and the bank has to follow */
export function planted(source: string, { name, file, find, replace }: Mutant): string {
  const [before, after, ...rest] = source.split(find)
  if (before === undefined || after === undefined || rest.length > 0) {
    const count = after === undefined ? 0 : rest.length + 1
    throw new Error(`${name}: the line to change is in ${file} ${count} times`)
  }
  return `${before}${replace}${after}`
}
