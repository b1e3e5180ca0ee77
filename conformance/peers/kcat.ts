/** kcat (Debian's package, librdkafka 2.0): the command-line client that most people reach for. */
import { ensureProgram } from './debian.ts'
import { run, start, type RunningChild, type RunOptions, type RunResult } from './process.ts'

const packageName = 'kcat'

/** Runs kcat to its end. */
export async function kcat(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return run(await ensureProgram('kcat', packageName), args, options)
}

/** Starts a kcat that goes on, such as a member of a consumer group. */
export async function startKcat(args: readonly string[]): Promise<RunningChild> {
  return start(await ensureProgram('kcat', packageName), args)
}
