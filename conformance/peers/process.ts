/**
 * Programs of others as child processes: started, watched, and always ended.
 *
 * Invariant: a child never outlives the process that started it, whatever way that one ends, and only children started here are
 * signalled, by their id. Output is kept up to a bound, so that a failure can show what the program said.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Written to the program's standard input, which is then closed. */
  readonly input?: string | Uint8Array
  /** After this the program is killed and the run is an error. Default one minute. */
  readonly timeoutMs?: number
  /** Exit codes that are not an error; default only 0. */
  readonly exitCodes?: readonly number[]
}

export interface RunResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** How much output of one program is kept in memory: the end of it. */
const outputSizeMax = 64 * 1024 * 1024

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(128 + (signal === 'SIGINT' ? 2 : 15)))
}

/** Runs a program to its end. Throws with the end of its output when it fails or takes too long. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const child = start(program, args, options)
  const timeoutMs = options.timeoutMs ?? 60_000
  child.stdin.on('error', () => {}) // A program may end without reading its input; its exit code tells.
  child.stdin.end(options.input ?? '')
  const inTime = await child.exited(timeoutMs)
  if (!inTime) {
    await child.kill()
    throw new Error(`${child.title} did not end within ${timeoutMs} ms\n${child.tail()}`)
  }
  const exitCode = child.exitCode()
  if (!(options.exitCodes ?? [0]).includes(exitCode))
    throw new Error(`${child.title} ended with ${exitCode}\n${child.tail()}`)
  return { exitCode, stdout: child.stdout(), stderr: child.stderr() }
}

export interface RunningChild {
  readonly title: string
  readonly pid: number
  readonly stdin: NodeJS.WritableStream
  stdout(): string
  /** Calls with each whole line of standard output from now on. */
  onLine(listener: (line: string) => void): void
  stderr(): string
  /** The last lines of both outputs, for error messages. */
  tail(): string
  /** The exit code, or 128 + signal number as a shell tells it; -1 while it runs. */
  exitCode(): number
  /** Waits for the end; false when `timeoutMs` passed first. */
  exited(timeoutMs: number): Promise<boolean>
  /** Asks it to end, and kills it when it has not within `timeoutMs` (default 20 s). Resolves once it is gone. */
  stop(timeoutMs?: number): Promise<void>
  /** Ends it as a crash would. */
  kill(): Promise<void>
  /** Resolves with the first match in what it has written or will write to standard output; rejects when it ends without. */
  line(pattern: RegExp, timeoutMs?: number): Promise<RegExpMatchArray>
}

/** Starts a program that goes on until it is stopped. */
export function start(
  program: string,
  args: readonly string[],
  options: Omit<RunOptions, 'input' | 'timeoutMs'> = {},
): RunningChild {
  const title = `${program} ${args.join(' ')}`.slice(0, 300)
  const child = spawn(program, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
    stdio: 'pipe',
  })
  running.add(child)
  const out = collect(child, 'stdout')
  const err = collect(child, 'stderr')
  let failure: Error | undefined
  const closed = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      failure = error
      running.delete(child)
      resolve()
    })
    child.once('close', () => {
      running.delete(child)
      resolve()
    })
  })
  const isOver = (): boolean => failure !== undefined || child.exitCode !== null || child.signalCode !== null
  const exitCode = (): number => {
    if (failure !== undefined) return 127
    if (child.signalCode !== null) return child.signalCode === 'SIGKILL' ? 137 : 143
    return child.exitCode ?? -1
  }
  const self: RunningChild = {
    title,
    pid: child.pid ?? -1,
    stdin: child.stdin,
    stdout: out,
    onLine(listener) {
      createInterface({ input: child.stdout }).on('line', listener)
    },
    stderr: err,
    tail: () => [failure?.message ?? '', lastLines(out()), lastLines(err())].filter((text) => text !== '').join('\n'),
    exitCode,
    async exited(timeoutMs) {
      const timer = new AbortController()
      const over = await Promise.race([
        closed.then(() => true),
        delay(timeoutMs, false, { signal: timer.signal, ref: true }).catch(() => false),
      ])
      timer.abort()
      return over
    },
    async stop(timeoutMs = 20_000) {
      if (!isOver()) child.kill('SIGTERM')
      if (!(await self.exited(timeoutMs))) await self.kill()
    },
    async kill() {
      if (!isOver()) child.kill('SIGKILL')
      await closed
    },
    async line(pattern, timeoutMs = 30_000) {
      const deadline = Date.now() + timeoutMs
      for (;;) {
        const match = out().match(pattern)
        if (match !== null) return match
        if (isOver()) throw new Error(`${title} ended with ${exitCode()} before it wrote ${pattern}\n${self.tail()}`)
        const leftMs = deadline - Date.now()
        if (leftMs <= 0) throw new Error(`${title} wrote no ${pattern} within ${timeoutMs} ms\n${self.tail()}`)
        const wait = AbortSignal.timeout(leftMs)
        await Promise.race([once(child.stdout, 'data', { signal: wait }), closed]).catch(() => {})
      }
    },
  }
  return self
}

/** Keeps the end of one output stream. */
function collect(child: ChildProcess, name: 'stdout' | 'stderr'): () => string {
  let chunks: Buffer[] = []
  let sizeBytes = 0
  child[name]?.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    sizeBytes += chunk.length
    while (sizeBytes > outputSizeMax && chunks.length > 1) sizeBytes -= chunks.shift()!.length
  })
  return () => {
    if (chunks.length > 1) chunks = [Buffer.concat(chunks)]
    return chunks[0]?.toString('utf8') ?? ''
  }
}

function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-40).join('\n')
}

/** Ports of the loopback address that nobody uses at this moment; all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  const ports = await Promise.all(
    servers.map(async (server) => {
      await once(server, 'listening')
      const address = server.address()
      if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
      return address.port
    }),
  )
  await Promise.all(
    servers.map(async (server) => {
      server.close()
      await once(server, 'close')
    }),
  )
  return ports
}

/** Asks until the answer is not undefined, with pauses that grow from 10 to 200 ms. Throws what `describe` says after `timeoutMs`. */
export async function eventually<T>(
  ask: () => Promise<T | undefined> | T | undefined,
  what: string,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  for (let pauseMs = 10; ; pauseMs = Math.min(pauseMs * 2, 200)) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`)
    await delay(pauseMs)
  }
}
