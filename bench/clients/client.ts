/**
 * What a client library is measured doing. One file per library implements it in the way its documentation shows.
 */

export interface Target {
  readonly bootstrap: string
  readonly topic: string
}

export interface ClientUnderTest {
  /**
   * Sends `records` single records, at most `concurrency` of them at a time, each with a promise of its own, with acks=all. Called twice:
   * the first call is warm-up, and the connection lives on into the second.
   */
  openProducer(target: Target): Promise<ProducerUnderTest>
  /** A group of one member from the beginning of the topic; calls `onRecords` with a count until that returns false. */
  consume(target: Target, how: 'batch' | 'record', onRecords: (count: number) => boolean): Promise<void>
}

export interface ProducerUnderTest {
  sendOne(value: Buffer): Promise<unknown>
  sendMany(values: readonly Buffer[]): Promise<unknown>
  close(): Promise<unknown>
}
