/**
 * `@braidlog/testkit` as npm has it: everything that a broker in a test consists of, in one script with a cache of its
 * compiled code (decision 28). `tools/pack.ts` makes `testkit.cjs` beside this file.
 */
import { join } from 'node:path'
import { evaluate } from './code-cache.js'

const script = evaluate(join(import.meta.dirname, 'testkit.cjs'))

export const { Braidlog, TestkitError } = script.exports

export function startBraidlog(options) {
  script.keep()
  return script.exports.startBraidlog(options)
}
