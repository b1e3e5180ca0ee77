/**
 * The person at the terminal: stdin, stdout and stderr, colours, questions and progress.
 *
 * stdout carries data, stderr everything else. Without a terminal, with `CI` or with `NO_COLOR` there is no colour, no
 * progress and no question.
 */
import type { Readable, Writable } from 'node:stream'
import { styleText } from 'node:util'
import { CliError } from './exit.ts'

export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable & { readonly isTTY?: boolean }
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

export interface ProgressOptions {
  /** What is counted: `records`. */
  readonly unit: string
  readonly total?: number | undefined
}

/** A line on stderr that is redrawn while work goes on. */
export interface Progress {
  update(done: number, note?: string): void
  /** Removes the line. */
  end(): void
}

const REDRAW_INTERVAL_MS = 200

export class Terminal {
  readonly io: Io
  readonly quiet: boolean

  constructor(io: Io, quiet: boolean) {
    this.io = io
    this.quiet = quiet
  }

  /** Colour on stdout. */
  get color(): boolean {
    return this.io.stdout.isTTY === true && this.#colorAllowed()
  }

  /** A person watches stderr. */
  get interactive(): boolean {
    return this.io.stderr.isTTY === true && !this.io.env['CI']
  }

  #colorAllowed(): boolean {
    return !this.io.env['NO_COLOR'] && !this.io.env['CI'] && this.io.env['TERM'] !== 'dumb'
  }

  /** Writes data, waiting when the reader is slow. */
  write(text: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.io.stdout.write(text, (error) => (error ? reject(error) : resolve()))
    })
  }

  /** A remark for people. */
  note(text: string): void {
    if (!this.quiet) this.io.stderr.write(`${text}\n`)
  }

  /** A warning: shown even when quiet. */
  warn(text: string): void {
    const colored = this.io.stderr.isTTY === true && this.#colorAllowed()
    this.io.stderr.write(
      `${colored ? styleText('yellow', 'warning', { validateStream: false }) : 'warning'}: ${text}\n`,
    )
  }

  error(text: string): void {
    const colored = this.io.stderr.isTTY === true && this.#colorAllowed()
    this.io.stderr.write(`${colored ? styleText('red', 'error', { validateStream: false }) : 'error'}: ${text}\n`)
  }

  /** Asks before something is lost. Without a terminal the answer must have been given by `-y`. */
  async confirm(question: string, yes: boolean): Promise<void> {
    if (yes) return
    if (this.io.stdin.isTTY !== true || !this.interactive) {
      throw new CliError(`${question} Nobody is there to ask.`, { hint: 'add -y to go ahead' })
    }
    const { createInterface } = await import('node:readline/promises')
    const prompt = createInterface({ input: this.io.stdin, output: this.io.stderr })
    try {
      const answer = await prompt.question(`${question} [y/N] `)
      if (!/^y(es)?$/i.test(answer.trim())) throw new CliError('not done', { code: 'DECLINED', exitCode: 1 })
    } finally {
      prompt.close()
    }
  }

  progress(options: ProgressOptions): Progress {
    if (!this.interactive || this.quiet) return { update: () => {}, end: () => {} }
    const startMs = performance.now()
    let drawnMs = 0
    return {
      update: (done, note = '') => {
        const nowMs = performance.now()
        if (nowMs - drawnMs < REDRAW_INTERVAL_MS) return
        drawnMs = nowMs
        const seconds = (nowMs - startMs) / 1000
        const rate = done / Math.max(seconds, 0.001)
        const share = options.total ? ` ${((100 * done) / options.total).toFixed(0)} %` : ''
        const left = options.total && rate > 0 ? `, ${formatSeconds((options.total - done) / rate)} left` : ''
        this.io.stderr.write(
          `\r\x1b[K${formatCount(done)} ${options.unit}${share}, ${formatCount(rate)}/s${left}${note && ` ${note}`}`,
        )
      },
      end: () => this.io.stderr.write('\r\x1b[K'),
    }
  }
}

export function formatCount(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(2)} G`
  if (count >= 1e6) return `${(count / 1e6).toFixed(2)} M`
  if (count >= 1e4) return `${(count / 1e3).toFixed(1)} k`
  return count.toFixed(0)
}

export function formatBytes(sizeBytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = sizeBytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]!}`
}

export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`
}
