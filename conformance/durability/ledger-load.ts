/**
 * A load that keeps books: one idempotent producer with acks=all writes numbered records into every partition of a topic, and remembers
 * which offset each of them was acknowledged with.
 *
 * Invariant: record `n` of a partition is sent after record `n - 1`; what the topic must hold is therefore exactly 0, 1, 2, … in that
 * order, whatever happened to the server between.
 */
import assert from 'node:assert/strict'
import type { Kafka, KafkaError, Producer } from '@braidlog/client'
import { kcat } from '../peers/kcat.ts'

export interface LedgerLoadOptions {
  readonly kafka: Kafka
  readonly topic: string
  readonly partitionCount: number
  readonly valueSizeBytes?: number
  /** Records of one partition that wait for their acknowledgement at the same time. */
  readonly inFlightMax?: number
  readonly deliveryTimeoutMs?: number
}

export class LedgerLoad {
  readonly #options: Required<LedgerLoadOptions>
  readonly #producer: Producer<string, string>
  /** Per partition: offset of every acknowledged record by its number. */
  readonly #offsets: Map<number, bigint>[]
  readonly #sent: number[]
  readonly #inFlight: number[]
  readonly #failures: unknown[] = []
  #stopped = false
  #idle: (() => void) | undefined

  constructor(options: LedgerLoadOptions) {
    this.#options = { valueSizeBytes: 100, inFlightMax: 20, deliveryTimeoutMs: 60_000, ...options }
    this.#producer = options.kafka.producer({ deliveryTimeoutMs: this.#options.deliveryTimeoutMs })
    const { partitionCount } = options
    this.#offsets = Array.from({ length: partitionCount }, () => new Map())
    this.#sent = Array.from({ length: partitionCount }, () => 0)
    this.#inFlight = Array.from({ length: partitionCount }, () => 0)
  }

  start(): void {
    for (let partition = 0; partition < this.#options.partitionCount; partition++) this.#fill(partition)
  }

  acknowledged(): number {
    return this.#offsets.reduce((sum, offsets) => sum + offsets.size, 0)
  }

  /** The first failure, which also ends the load. */
  failure(): unknown {
    return this.#failures[0]
  }

  /** Sends nothing more and resolves when every record has its outcome. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#inFlight.some((count) => count > 0)) await new Promise<void>((resolve) => (this.#idle = resolve))
    await this.#producer.close()
  }

  /**
   * Reads the topic with kcat. Every acknowledged record is there with its offset and exactly once, in order; and, when none has failed,
   * nothing else.
   */
  async assertKept(bootstrap: string): Promise<void> {
    const { topic, partitionCount } = this.#options
    const args = ['-C', '-b', bootstrap, '-t', topic, '-o', 'beginning', '-e', '-q', '-f', '%p %o %k\\n']
    const { stdout } = await kcat(args, { timeoutMs: 120_000 })
    const kept: string[][] = Array.from({ length: partitionCount }, () => [])
    for (const line of stdout.split('\n')) {
      if (line === '') continue
      const [partition, offset, number] = line.split(' ') as [string, string, string]
      assert.equal(Number(offset), kept[Number(partition)]!.length, `partition ${partition} has no gap in its offsets`)
      kept[Number(partition)]!.push(number)
    }
    for (const [partition, numbers] of kept.entries()) {
      const expected = numbers.map((_, index) => String(index))
      assert.deepEqual(numbers, expected, `partition ${partition}: every record once, in order`)
      for (const [number, offset] of this.#offsets[partition]!)
        assert.equal(numbers[Number(offset)], String(number), `partition ${partition}: record ${number} at ${offset}`)
      if (this.#failures.length === 0) assert.equal(numbers.length, this.#sent[partition], `partition ${partition}`)
    }
  }

  #fill(partition: number): void {
    const { topic, inFlightMax, valueSizeBytes } = this.#options
    while (!this.#stopped && this.#failures.length === 0 && this.#inFlight[partition]! < inFlightMax) {
      const number = this.#sent[partition]!++
      this.#inFlight[partition]!++
      const value = `${number} `.repeat(Math.ceil(valueSizeBytes / (String(number).length + 1)))
      this.#producer.send({ topic, partition, key: String(number), value }).then(
        ({ offset }) => {
          this.#offsets[partition]!.set(number, offset)
          this.#settled(partition)
        },
        (error: KafkaError) => {
          this.#failures.push(error)
          this.#settled(partition)
        },
      )
    }
  }

  #settled(partition: number): void {
    this.#inFlight[partition]!--
    this.#fill(partition)
    if (this.#inFlight.every((count) => count === 0)) this.#idle?.()
  }
}
