/**
 * Fails a command at once when nothing listens where it should connect. The client itself would go on trying until its
 * bound, which is right for a program that runs for months and wrong for a person who mistyped a port.
 */
import { connect } from 'node:net'
import { CliError, ExitCode } from './exit.ts'

const CONNECT_TIMEOUT_MS = 5_000

/** Resolves when one of the servers accepts a connection. @throws CliError `CONNECTION_FAILED` when none does */
export async function assertReachable(
  servers: string,
  timeoutMs: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  const boundMs = Math.min(timeoutMs ?? CONNECT_TIMEOUT_MS, CONNECT_TIMEOUT_MS)
  const attempts = servers.split(',').map((server) => attempt(server.trim(), boundMs, signal))
  try {
    await Promise.any(attempts)
  } catch (error) {
    signal.throwIfAborted()
    const problems = (error as AggregateError).errors.map((one) => (one as Error).message)
    throw new CliError(`cannot connect: ${problems.join('; ')}`, {
      code: 'CONNECTION_FAILED',
      exitCode: ExitCode.NoConnection,
      hint: 'is it running? start one with `braidlog dev`, or name yours with -b host:port; `braidlog doctor` looks closer',
    })
  }
}

function attempt(server: string, boundMs: number, signal: AbortSignal): Promise<void> {
  const address = parseServer(server)
  return new Promise((resolve, reject) => {
    const socket = connect({ ...address, timeout: boundMs, signal })
    const fail = (problem: string): void => {
      socket.destroy()
      reject(new Error(`${server} (${problem})`))
    }
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
    socket.once('timeout', () => fail(`no answer in ${boundMs} ms`))
    socket.once('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message))
  })
}

/** `host:port`, IPv6 in brackets. @throws CliError */
export function parseServer(server: string): { host: string; port: number } {
  const match = /^\[?([^\]]+?)\]?:(\d+)$/.exec(server)
  const port = Number(match?.[2])
  if (!match || port > 65_535) throw new CliError(`'${server}' is no host:port, such as localhost:9092`)
  return { host: match[1]!, port }
}
