/** How soon a cluster and its clients notice a failure: as everybody has it, and as one sets it who wants failover in a second. */

export interface Timeouts {
  readonly name: 'default' | 'tuned'
  /** For each node, beyond what every cluster here has. */
  readonly properties: Readonly<Record<string, number>>
  /** A broker that has been silent for so long is fenced. */
  readonly sessionMs: number
  /** A follower that has been behind for so long is not in sync. */
  readonly lagMs: number
  /** How long any client waits for one answer. */
  readonly requestTimeoutMs: number
}

/** Apache Kafka's defaults, and those of its clients, which are ours too. */
const DEFAULT: Timeouts = { name: 'default', properties: {}, sessionMs: 9_000, lagMs: 30_000, requestTimeoutMs: 30_000 }

const TUNED: Timeouts = {
  name: 'tuned',
  properties: {
    'broker.session.timeout.ms': 500,
    'broker.heartbeat.interval.ms': 100,
    'controller.quorum.election.timeout.ms': 200,
    'controller.quorum.fetch.timeout.ms': 300,
    'controller.quorum.election.backoff.max.ms': 50,
    'controller.quorum.request.timeout.ms': 500,
    'replica.lag.time.max.ms': 2_000,
    'replica.fetch.backoff.ms': 100,
    'replica.socket.timeout.ms': 1_500,
  },
  sessionMs: 500,
  lagMs: 2_000,
  requestTimeoutMs: 5_000,
}

export const TIMEOUTS: Readonly<Record<Timeouts['name'], Timeouts>> = { default: DEFAULT, tuned: TUNED }
