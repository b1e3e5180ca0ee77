/** The process of the `embedded` scenario: import, start, produce, and how long each took. */
import process from 'node:process'

export interface EmbeddedStart {
  readonly importMs: number
  /** From behind the import to a broker with its topic. */
  readonly startMs: number
  /** From the same moment to the first acknowledged record. */
  readonly producedMs: number
}

const beginMs = performance.now()
const { startBraidlog } = await import('@braidlog/testkit')
const importedMs = performance.now()
const broker = await startBraidlog({ topics: { embedded: 1 } })
const startedMs = performance.now()
await broker.kafka.producer().send({ topic: 'embedded', value: 'x' })
const producedMs = performance.now()
await broker.stop()
const result: EmbeddedStart = {
  importMs: importedMs - beginMs,
  startMs: startedMs - importedMs,
  producedMs: producedMs - importedMs,
}
process.stdout.write(`${JSON.stringify(result)}\n`)
