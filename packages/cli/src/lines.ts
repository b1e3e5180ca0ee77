/** Splits a byte stream at a delimiter, chunk by chunk: many lines per turn of the loop, bytes untouched. */
import type { Readable } from 'node:stream'
import { CliError } from './exit.ts'

/** A line longer than this is a mistake in the delimiter, not a record. */
const LINE_SIZE_BYTES_MAX = 64 * 1024 * 1024

/**
 * @returns the lines that each chunk completes, without their delimiters; views of the chunk. An unfinished last line
 * counts when it is not empty. With `\n` as delimiter a `\r` before it goes too.
 */
export async function* lines(stream: Readable, delimiter: Buffer, signal: AbortSignal): AsyncGenerator<Buffer[]> {
  if (delimiter.length === 0) throw new CliError('the delimiter between records must not be empty')
  const newline = delimiter.length === 1 && delimiter[0] === 0x0a
  const trim = (line: Buffer): Buffer => (newline && line.at(-1) === 0x0d ? line.subarray(0, -1) : line)
  let rest: Buffer = Buffer.alloc(0)
  const abort = (): void => void stream.destroy(signal.reason as Error)
  signal.addEventListener('abort', abort, { once: true })
  try {
    for await (const piece of stream as AsyncIterable<Buffer | string>) {
      const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece
      const chunk = rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes
      const found: Buffer[] = []
      let start = 0
      for (let at = chunk.indexOf(delimiter); at >= 0; at = chunk.indexOf(delimiter, start)) {
        found.push(trim(chunk.subarray(start, at)))
        start = at + delimiter.length
      }
      rest = chunk.subarray(start)
      if (rest.length > LINE_SIZE_BYTES_MAX) {
        throw new CliError(`no delimiter in ${LINE_SIZE_BYTES_MAX} bytes: is -D right?`)
      }
      if (found.length > 0) yield found
    }
    if (rest.length > 0) yield [trim(rest)]
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
