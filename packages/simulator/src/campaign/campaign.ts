/**
 * Many seeds on several threads. Whatever ends a thread (an assertion that nobody catches, a run that does not end) is a
 * finding of the seed that it had; another thread goes on with the next.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { RunOptions, RunResult } from '../cluster/run.ts'
import type { Order, Report } from './worker.ts'

export interface CampaignOptions {
  /** Taken one after the other, by whichever thread is free. */
  readonly runs: Iterator<RunOptions>
  readonly workers: number
  readonly twice: boolean
  readonly onResult: (result: RunResult) => void
  /** A seed whose run did not come to a result. */
  readonly onFailure: (seed: number, message: string) => void
}

/** A run takes about a second; one that takes so long, on however busy a machine, never ends. */
const RUN_TIMEOUT_MS = 600_000

export async function runCampaign(options: CampaignOptions): Promise<void> {
  await Promise.all(Array.from({ length: options.workers }, () => workThrough(options)))
}

async function workThrough(options: CampaignOptions): Promise<void> {
  let worker: Worker | undefined
  try {
    for (let next = options.runs.next(); next.done !== true; next = options.runs.next()) {
      try {
        worker ??= await startWorker()
        options.onResult(await resultOf(worker, { options: next.value, twice: options.twice }))
      } catch (error) {
        await worker?.terminate()
        worker = undefined
        options.onFailure(next.value.seed, error instanceof Error ? error.message : String(error))
      }
    }
  } finally {
    await worker?.terminate()
  }
}

async function startWorker(): Promise<Worker> {
  const worker = new Worker(new URL('worker.ts', import.meta.url))
  await once(worker, 'message')
  return worker
}

/** @throws Error what ended the thread, or that the run does not end */
async function resultOf(worker: Worker, order: Order): Promise<RunResult> {
  const ended = new AbortController()
  const timer = setTimeout(() => ended.abort(new Error('the run does not end')), RUN_TIMEOUT_MS)
  try {
    worker.postMessage(order)
    const [report] = (await once(worker, 'message', { signal: ended.signal })) as [Report]
    if (report === undefined) throw new Error('the thread said that it was ready, twice')
    return report
  } catch (error) {
    throw ended.signal.aborted ? ended.signal.reason : error
  } finally {
    clearTimeout(timer)
  }
}
