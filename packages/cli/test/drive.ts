/** Runs the program in this process: arguments and stdin in, exit code and what was printed out. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import assert from 'node:assert/strict'
import { run } from '../src/program.ts'

export interface Outcome {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface DriveOptions {
  readonly stdin?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly signal?: AbortSignal
  /** Called with everything printed on stdout so far, whenever it grows. */
  readonly onStdout?: (text: string) => void
}

class Collector extends Writable {
  text = ''
  readonly #onText: ((text: string) => void) | undefined

  constructor(onText?: (text: string) => void) {
    super()
    this.#onText = onText
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    this.#onText?.(this.text)
    done()
  }
}

export async function braidlog(args: readonly string[], options: DriveOptions = {}): Promise<Outcome> {
  const stdout = new Collector(options.onStdout)
  const stderr = new Collector()
  const stdin = Readable.from(options.stdin === undefined ? [] : [Buffer.from(options.stdin)], { objectMode: false })
  const exitCode = await run(
    args,
    { stdin, stdout, stderr, env: { ...options.env }, cwd: options.cwd ?? process.cwd() },
    options.signal ?? new AbortController().signal,
  )
  return { exitCode, stdout: stdout.text, stderr: stderr.text }
}

const GOLDEN_FOLDER = join(import.meta.dirname, 'golden')

/** Compares with `golden/<name>`; `UPDATE_GOLDEN=1` writes it instead, for the reviewer to look at. */
export function assertGolden(name: string, actual: string): void {
  const path = join(GOLDEN_FOLDER, name)
  if (process.env['UPDATE_GOLDEN'] !== undefined) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, actual)
    return
  }
  assert.ok(existsSync(path), `${path} does not exist; write it with UPDATE_GOLDEN=1`)
  assert.equal(actual, readFileSync(path, 'utf8'), `${name} has changed; if that is meant, update with UPDATE_GOLDEN=1`)
}
