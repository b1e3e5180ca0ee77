/**
 * A client that minds its own business while others do not: it writes numbered records, each acknowledged before the next,
 * and reads them back. It keeps how long each took and what was acknowledged.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { apiByName } from '@braidlog/protocol'
import { batches } from '@braidlog/records'
import { nodeCodecs } from '@braidlog/runtime'
import { batchOf } from '../differential/batches.ts'
import { Link } from '../differential/link.ts'

const PAUSE_MS = 20
const PATIENCE_MS = 30_000

export class WellBehaved {
  readonly #link: Link
  readonly #topic: string
  #ending = false
  #running: Promise<void> = Promise.resolve()
  acknowledged = 0
  readonly latenciesMs: number[] = []

  constructor(port: number, topic: string) {
    this.#link = new Link(port)
    this.#topic = topic
  }

  async ask(name: string, version: number, body: object): Promise<unknown> {
    const answer = await this.#link.ask(apiByName(name)!, version, body, PATIENCE_MS)
    if (typeof answer === 'string') throw new Error(`${name}: ${answer}`)
    return answer.body
  }

  async createTopic(name: string): Promise<void> {
    await this.ask('CreateTopics', 7, { topics: [{ name, numPartitions: 1, replicationFactor: 1 }], timeoutMs: 10_000 })
  }

  async write(topic: string, records: Uint8Array): Promise<number> {
    const topicData = [{ name: topic, partitionData: [{ index: 0, records }] }]
    const body = await this.ask('Produce', 12, { acks: -1, timeoutMs: 10_000, topicData })
    const { errorCode } = (body as { responses: { partitionResponses: { errorCode: number }[] }[] }).responses[0]!
      .partitionResponses[0]!
    return errorCode
  }

  start(): void {
    this.#running = this.#run()
  }

  /** @throws what went wrong on the way */
  async stop(): Promise<void> {
    this.#ending = true
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#ending) {
      const startMs = performance.now()
      const errorCode = await this.write(this.#topic, batchOf([`${this.acknowledged}`]))
      if (errorCode !== 0) throw new Error(`produce: error ${errorCode}`)
      this.latenciesMs.push(performance.now() - startMs)
      this.acknowledged++
      await delay(PAUSE_MS)
    }
  }

  /** All values in the topic, in order. */
  async readAll(): Promise<string[]> {
    const values: string[] = []
    for (;;) {
      const partitions = [{ partition: 0, fetchOffset: values.length, partitionMaxBytes: 1 << 20 }]
      const topics = [{ topic: this.#topic, partitions }]
      const body = await this.ask('Fetch', 12, { maxWaitMs: 100, minBytes: 1, maxBytes: 1 << 20, topics })
      const { errorCode, records } = (
        body as { responses: { partitions: { errorCode: number; records: Uint8Array | null }[] }[] }
      ).responses[0]!.partitions[0]!
      if (errorCode !== 0) throw new Error(`fetch at ${values.length}: error ${errorCode}`)
      if (records === null || records.length === 0) return values
      for (const batch of batches(records, { codecs: nodeCodecs })) {
        for (const { offset, value } of batch) {
          if (offset === values.length) values.push(Buffer.from(value!).toString())
        }
      }
    }
  }

  close(): void {
    this.#link[Symbol.dispose]()
  }
}
