/**
 * The server that a suite runs its clients against: ours, or Apache Kafka to validate the suite.
 *
 * Invariant: a suite sees no difference but the name; both start on free loopback ports, with the same properties, in a directory of
 * their own, and answer when `startPeerServer` resolves.
 */
import { startBraidlog } from './braidlog.ts'
import { startKafka } from './kafka.ts'

export interface PeerServer {
  readonly name: 'braidlog' | 'kafka'
  readonly host: '127.0.0.1'
  readonly port: number
  /** `127.0.0.1:PORT`. */
  readonly bootstrap: string
  readonly pid: number
  /** The log directory. */
  readonly dir: string
  /** The last lines it logged. */
  log(): string
  /** Asks it to shut down cleanly and waits until it has. */
  stop(): Promise<void>
  /** Ends it as a crash would. */
  kill(): Promise<void>
}

export interface PeerServerOptions {
  /** The log directory, kept at `stop`; formatted when it has no meta.properties. Default: a temporary one, removed at `stop`. */
  readonly dir?: string
  /** server.properties beyond the ones of a single node on loopback. */
  readonly properties?: Readonly<Record<string, string | number | boolean>>
  /** Of the listener for clients and of the controller's. Default: free ones. */
  readonly ports?: readonly [client: number, controller: number]
}

export const againstVariable = 'CONFORMANCE_AGAINST'

/** Which server the suites of this run are about. */
export const against: 'braidlog' | 'kafka' = process.env[againstVariable] === 'kafka' ? 'kafka' : 'braidlog'

export function startPeerServer(options: PeerServerOptions = {}): Promise<PeerServer> {
  return against === 'kafka' ? startKafka(options) : startBraidlog(options)
}
