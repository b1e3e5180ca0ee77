/**
 * What a client library is measured doing. One file per library implements it in the way its documentation shows.
 */

export type Codec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
export const codecs: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

export interface Target {
  readonly bootstrap: string
  readonly topic: string
}

/** `record`: one by one, as the library's simplest loop has it. `json`: its fastest way, values parsed as JSON. */
export type ConsumeWay = 'batch' | 'record' | 'json' | 'node-stream' | 'web-stream'

/** `enqueue`: a call without a promise per record. */
export type ProduceWay = 'single' | 'batches' | 'enqueue'

export interface ClientUnderTest {
  /** Codecs that it has without further packages. */
  readonly codecs: readonly Codec[]
  readonly produceWays: readonly ProduceWay[]
  readonly consumeWays: readonly ConsumeWay[]
  /** With acks=all, ready to send. */
  openProducer(target: Target, codec: Codec, way: ProduceWay): Promise<ProducerUnderTest>
  /**
   * A group of one member from the beginning of the topic. Calls `onRecords` with how many records were read, after touching each value,
   * until that returns false. It may leave the consumer running: the process ends.
   */
  consume(target: Target, way: ConsumeWay, onRecords: (count: number) => boolean): Promise<void>
  /** The same record by record, each waited for before the next: what an application does that cannot keep up. Goes on for ever. */
  consumeSlowly(target: Target, onRecord: () => Promise<void>): Promise<void>
}

export interface ProducerUnderTest {
  /** Resolves when the record is acknowledged. */
  sendOne(value: Buffer): Promise<unknown>
  /** Resolves when all are. */
  sendMany(values: readonly Buffer[]): Promise<unknown>
  /** False when it would rather not have more for the moment, and took it nevertheless. */
  enqueue?(value: Buffer): boolean
  /** Resolves when it may have more. */
  drained?(): Promise<unknown>
  /** Resolves when all that was enqueued is acknowledged. */
  flush?(): Promise<unknown>
  close(): Promise<unknown>
}
