/**
 * How close together everything happens in a run. Dense runs have short timeouts and clients without rest: the most
 * events for each second that a computer spends. Calm ones take ten times as long for the same faults, with timeouts as in
 * production and clients that work when something happens: whole sessions, lags and waits pass between two faults, and
 * since nothing happens most of the time, virtual time goes fast.
 */
import { below, type SeededRandom } from '@braidlog/base'

export interface Tempo {
  /** Of the phase with faults. */
  readonly safetyMs: number
  /** A client rests after so many operations, until the next fault. */
  readonly operationsPerBurst: number
  readonly restMs: number
  /** How long clients let the broker wait for records. */
  readonly fetchMaxWaitMs: number
  readonly groupSessionMs: number
  readonly groupHeartbeatMs: number
  /** Pauses of what goes on all the time, compared with those of a dense run. */
  readonly pauseFactor: number
  /** Between two looks at the cluster from inside. */
  readonly auditMs: number
  /** Of the nodes, over those of a dense run. */
  readonly properties: (random: SeededRandom) => Readonly<Record<string, number>>
}

export type TempoName = keyof typeof TEMPOS

export const TEMPOS = {
  dense: {
    safetyMs: 60_000,
    operationsPerBurst: Infinity,
    restMs: 0,
    fetchMaxWaitMs: 200,
    groupSessionMs: 6_000,
    groupHeartbeatMs: 1_000,
    pauseFactor: 1,
    auditMs: 25,
    properties: () => ({}),
  },
  calm: {
    safetyMs: 900_000,
    operationsPerBurst: 5,
    restMs: 120_000,
    fetchMaxWaitMs: 10_000,
    groupSessionMs: 20_000,
    groupHeartbeatMs: 5_000,
    pauseFactor: 40,
    auditMs: 500,
    properties: (random) => ({
      'broker.session.timeout.ms': 6_000 + below(random, 12_000),
      'broker.heartbeat.interval.ms': 1_500 + below(random, 1_500),
      'replica.lag.time.max.ms': 15_000 + below(random, 20_000),
      'replica.fetch.wait.max.ms': 5_000 + below(random, 5_000),
      'controller.quorum.election.timeout.ms': 1_000,
      'controller.quorum.fetch.timeout.ms': 2_000,
      'log.roll.ms': 30_000 + below(random, 200_000),
    }),
  },
} as const satisfies Readonly<Record<string, Tempo>>
