/** Starts a node. */
import type { Server, ServerOptions } from './server.ts'

/** @throws ServerError */
export function startServer(_options: ServerOptions = {}): Promise<Server> {
  throw new Error('being written')
}
