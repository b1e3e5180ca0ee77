/**
 * One connection that keeps a number of equal requests in flight to one partition.
 */
import { connect, type Socket } from 'node:net'
import {
  batchOf,
  fetchErrorAt,
  fetchFrame,
  fetchHighWatermarkAt,
  fetchSizeAt,
  produceErrorAt,
  produceFrame,
  type BatchShape,
  type Place,
} from './frames.ts'
import { FrameSkimmer } from './skimmer.ts'

export interface ProduceLane extends Place {
  readonly kind: 'produce'
  readonly port: number
  readonly acks: 1 | -1
  readonly batch: BatchShape
  /** Requests in flight. */
  readonly width: number
  /** Ends by itself after as many; else it goes on until it is stopped. */
  readonly requestsMax?: number
}

export interface FetchLane extends Place {
  readonly kind: 'fetch'
  readonly port: number
  /** What the partition holds: the offset after an answer follows from its size. */
  readonly batch: BatchShape
  readonly maxBytes: number
  /** Begins again at the beginning when it comes to the end; else it waits there. */
  readonly loops?: boolean
}

export type LaneJob = ProduceLane | FetchLane

/** Larger frames are sent one by one: copies of them would only fill the caches of the processor. */
const repeatedSizeBytesMax = 64 << 10
const receiveBuffer = Buffer.allocUnsafeSlow(1 << 20)
const batches = new Map<string, Uint8Array>()

function sharedBatch(shape: BatchShape): Uint8Array {
  const key = JSON.stringify(shape)
  let batch = batches.get(key)
  if (batch === undefined) batches.set(key, (batch = batchOf(shape)))
  return batch
}

export interface LaneCount {
  requests: number
  /** Payload of the records that were acknowledged or fetched. */
  payloadBytes: number
  /** Of every request since the last `reset`, in microseconds. */
  latencies: number[]
}

export class Lane {
  readonly job: LaneJob
  readonly count: LaneCount = { requests: 0, payloadBytes: 0, latencies: [] }
  readonly #socket: Socket
  readonly #sentMs: number[] = []
  readonly #send: (count: number) => void
  readonly #take: (head: Buffer) => void
  readonly #failed: (error: Error) => void
  #isStopping = false
  #sent = 0
  /** Requests that may follow what has just been answered. */
  #due = 0
  /** When the bytes came that are being looked at. */
  #nowMs = 0
  #over: (() => void) | undefined

  private constructor(
    job: LaneJob,
    socketOf: (received: (size: number) => void) => Socket,
    failed: (error: Error) => void,
  ) {
    this.job = job
    this.#failed = failed
    ;[this.#send, this.#take] = job.kind === 'produce' ? this.#producing(job) : this.#fetching(job)
    const skimmer = new FrameSkimmer((head) => this.#answered(head))
    this.#socket = socketOf((size) => {
      this.#nowMs = performance.now()
      skimmer.push(receiveBuffer, size)
      this.#sendDue()
    })
    this.#socket.on('error', failed)
  }

  static open(job: LaneJob, failed: (error: Error) => void): Promise<Lane> {
    return new Promise((resolve, reject) => {
      const lane: Lane = new Lane(
        job,
        (received) =>
          connect({
            host: '127.0.0.1',
            port: job.port,
            noDelay: true,
            onread: {
              buffer: receiveBuffer,
              callback: (size) => {
                received(size)
                return true
              },
            },
          }).once('connect', () => resolve(lane)),
        (error) => {
          reject(error)
          failed(error)
        },
      )
    })
  }

  start(): void {
    this.#nowMs = performance.now()
    this.#due = this.job.kind === 'produce' ? this.job.width : 1
    this.#sendDue()
  }

  reset(): void {
    this.count.requests = 0
    this.count.payloadBytes = 0
    this.count.latencies = []
  }

  /** Resolves when it has come to its end by itself. */
  ended(): Promise<void> {
    return new Promise((resolve) => (this.#over = resolve))
  }

  /** Sends no more; resolves when everything in flight is answered, a fetch that waits excepted. */
  stop(): Promise<void> {
    this.#isStopping = true
    return new Promise((resolve) => {
      this.#over = () => {
        this.#socket.destroy()
        resolve()
      }
      if (this.#sentMs.length === 0 || this.job.kind === 'fetch') this.#over()
    })
  }

  /** With one write, so that a load of small requests costs far less than whoever answers them. */
  #sendDue(): void {
    const left = this.job.kind === 'produce' ? (this.job.requestsMax ?? Infinity) - this.#sent : Infinity
    const count = this.#isStopping ? 0 : Math.min(this.#due, left)
    if (count < this.#due) this.#isStopping = true
    this.#due = 0
    this.#sent += count
    for (let i = 0; i < count; i++) this.#sentMs.push(this.#nowMs)
    if (count > 0) this.#send(count)
    if (this.#isStopping && this.#sentMs.length === 0) this.#over?.()
  }

  #answered(head: Buffer): void {
    const sentMs = this.#sentMs.shift()
    if (sentMs === undefined) return
    this.count.requests++
    this.count.latencies.push((this.#nowMs - sentMs) * 1000)
    try {
      this.#take(head)
    } catch (error) {
      this.#failed(error as Error)
      return
    }
    this.#due++
  }

  #producing(job: ProduceLane): [(count: number) => void, (head: Buffer) => void] {
    const { bytes, frameSizeBytes } = repeatedFrame(job)
    const errorAt = produceErrorAt(job.topic)
    const payloadBytes = job.batch.recordCount * job.batch.recordSizeBytes
    return [
      (count) => {
        this.#socket.cork()
        for (let left = count * frameSizeBytes; left > 0; left -= bytes.length)
          this.#socket.write(bytes.subarray(0, left))
        this.#socket.uncork()
      },
      (head) => {
        refuse(head.readInt16BE(errorAt), job)
        this.count.payloadBytes += payloadBytes
      },
    ]
  }

  #fetching(job: FetchLane): [() => void, (head: Buffer) => void] {
    const batchSizeBytes = sharedBatch(job.batch).length
    const payloadBytes = job.batch.recordCount * job.batch.recordSizeBytes
    const [errorAt, sizeAt] = [fetchErrorAt(job.topic), fetchSizeAt(job.topic)]
    const highWatermarkAt = fetchHighWatermarkAt(job.topic)
    let offset = 0
    return [
      () => this.#socket.write(fetchFrame(job, offset, { maxBytes: job.maxBytes, maxWaitMs: 500 })),
      (head) => {
        refuse(head.readInt16BE(errorAt), job)
        // Whole batches only: brokers cut the last one off where the answer is full.
        const batchCount = Math.floor(head.readInt32BE(sizeAt) / batchSizeBytes)
        offset += batchCount * job.batch.recordCount
        this.count.payloadBytes += batchCount * payloadBytes
        if (job.loops === true && offset >= Number(head.readBigInt64BE(highWatermarkAt))) offset = 0
      },
    ]
  }
}

interface RepeatedFrame {
  readonly frameSizeBytes: number
  /** The frame, once or several times. */
  readonly bytes: Buffer
}

const repeated = new Map<string, RepeatedFrame>()

/** Small frames one behind another, for the lanes to a partition to share. */
function repeatedFrame({ topic, partition, acks, batch, width }: ProduceLane): RepeatedFrame {
  const key = JSON.stringify([topic, partition, acks, batch])
  let found = repeated.get(key)
  if (found === undefined) {
    const frame = produceFrame({ topic, partition }, acks, sharedBatch(batch))
    const count = Math.max(1, Math.min(width, Math.floor(repeatedSizeBytesMax / frame.length)))
    found = { frameSizeBytes: frame.length, bytes: Buffer.concat(Array.from({ length: count }, () => frame)) }
    repeated.set(key, found)
  }
  return found
}

function refuse(errorCode: number, job: LaneJob): void {
  if (errorCode !== 0) throw new Error(`${job.kind} to ${job.topic}-${job.partition}: error code ${errorCode}`)
}
