/** Ports of this machine that nobody listens on. */
import { createServer } from 'node:net'
import { CliError } from './exit.ts'

export const LOOPBACK = '127.0.0.1'
const PORT_ATTEMPTS_MAX = 100

/** @param taken ports that were given away before; the one found is added */
export async function freePort(from: number, taken: Set<number>): Promise<number> {
  for (let port = from; port < from + PORT_ATTEMPTS_MAX; port++) {
    if (taken.has(port) || !(await isFree(port))) continue
    taken.add(port)
    return port
  }
  throw new CliError(`ports ${from} to ${from + PORT_ATTEMPTS_MAX - 1} are all taken`, {
    exitCode: 1,
    code: 'PORT_TAKEN',
    hint: 'choose others with --port',
  })
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const probe = createServer()
    probe.once('error', () => done(false))
    probe.listen(port, LOOPBACK, () => probe.close(() => done(true)))
  })
}
