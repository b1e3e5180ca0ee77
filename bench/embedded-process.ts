/** The process of the `embedded` scenario: import, start, produce, twice, and how long each took. */
import process from 'node:process'

export interface EmbeddedStart {
  readonly importMs: number
  /** In the order of the starts. */
  readonly starts: readonly OneStart[]
}

export interface OneStart {
  /** To a broker with its topic; the import is over by then. */
  readonly startMs: number
  /** From the same moment to the first acknowledged record. */
  readonly producedMs: number
  /** CPU of the whole process meanwhile, compilers and garbage collector included. */
  readonly cpuMs: number
}

const beginMs = performance.now()
const { startBraidlog } = await import('@braidlog/testkit')
const importMs = performance.now() - beginMs
const starts: OneStart[] = []
for (let i = 0; i < 2; i++) {
  const [fromMs, cpu] = [performance.now(), process.cpuUsage()]
  const broker = await startBraidlog({ topics: { embedded: 1 } })
  const startMs = performance.now() - fromMs
  await broker.kafka.producer().send({ topic: 'embedded', value: 'x' })
  const { user, system } = process.cpuUsage(cpu)
  starts.push({ startMs, producedMs: performance.now() - fromMs, cpuMs: (user + system) / 1000 })
  await broker.stop()
}
const result: EmbeddedStart = { importMs, starts }
process.stdout.write(`${JSON.stringify(result)}\n`)
