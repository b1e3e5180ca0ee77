/**
 * A thread that runs seeds, one at a time, as the campaign hands them out. A run depends on its seed alone: the trace is
 * the same whichever thread has it, and whatever that thread ran before.
 */
import { parentPort } from 'node:worker_threads'
import { runCluster, type RunOptions, type RunResult } from '../cluster/run.ts'
import { loadEverything } from '../world/load.ts'

export interface Order {
  readonly options: RunOptions
  /** Runs the seed a second time and compares the traces. */
  readonly twice: boolean
}

/** `undefined`: ready for the first order. */
export type Report = RunResult | undefined

const port = parentPort!
// Hardly any error is looked at, and their stacks are a good part of what they cost.
Error.stackTraceLimit = 0
await loadEverything()
port.on('message', (order: Order) => void carryOut(order).then((result) => port.postMessage(result satisfies Report)))
port.postMessage(undefined satisfies Report)

async function carryOut({ options, twice }: Order): Promise<RunResult> {
  const first = await runCluster(options)
  if (!twice) return first
  const second = await runCluster(options)
  if (second.traceHash === first.traceHash) return first
  const failure = `two runs differ: their traces are ${first.traceHash} and ${second.traceHash}`
  return { ...first, failures: [...first.failures, failure] }
}
