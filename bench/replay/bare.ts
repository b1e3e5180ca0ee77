/** Starts `bare-server.ts`: what one event loop can do at most. */
import { join } from 'node:path'
import process from 'node:process'
import { start } from '../../conformance/peers/process.ts'
import { withDirectory } from '../temporary.ts'
import type { BareWrites } from './bare-server.ts'

export interface BareServer {
  readonly port: number
  readonly pid: number
}

/** Its files are removed afterwards. */
export async function withBareServer<T>(
  options: { readonly topic: string; readonly writes: BareWrites },
  use: (server: BareServer) => Promise<T>,
): Promise<T> {
  return withDirectory(async (directory) => {
    const program = join(import.meta.dirname, 'bare-server.ts')
    const child = start(process.execPath, [program, directory, options.writes, options.topic])
    try {
      const [, port] = await child.line(/^listening (\d+)$/m, 20_000)
      return await use({ port: Number(port), pid: child.pid })
    } finally {
      await child.stop()
    }
  })
}
