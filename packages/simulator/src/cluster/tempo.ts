/**
 * How close together everything happens in a run. Dense runs have short timeouts and clients without rest: the most
 * events for each second that a computer spends. Calm ones take fifteen times as long for the same faults, with timeouts as
 * in production and clients that work when something happens: whole sessions, lags and waits pass between two faults, and
 * since nothing happens most of the time, virtual time goes fast.
 *
 * Waits are drawn for each run: asking often meets other moments than being told late, and costs most of a run's time.
 */
import { below, type SeededRandom } from '@braidlog/base'

export interface Tempo {
  /** Of the phase with faults. */
  readonly safetyMs: number
  /** Faults last so many times as long as those of a dense run. */
  readonly faultFactor: number
  /** A client rests after so many operations, until the next fault. */
  readonly operationsPerBurst: number
  readonly restMs: number
  /** How long clients let the broker wait for records. */
  readonly fetchMaxWaitMs: number
  /** First pause of clients before they try again; it doubles up to a second, or stays when it is longer. */
  readonly retryBackoffMs: number
  readonly groupSessionMs: number
  readonly groupHeartbeatMs: number
  /** Pauses of what goes on all the time, compared with those of a dense run. */
  readonly pauseFactor: number
  /** Between two looks at the cluster from inside. */
  readonly auditMs: number
  /** Of the nodes, over those of every run. */
  readonly properties: Readonly<Record<string, number>>
}

export type TempoName = keyof typeof TEMPOS

export const TEMPOS = { dense, calm } as const satisfies Readonly<Record<string, (random: SeededRandom) => Tempo>>

function dense(random: SeededRandom): Tempo {
  const lagMs = 1_000 + below(random, 9_000)
  return {
    safetyMs: 30_000 + below(random, 40_000),
    faultFactor: 1,
    operationsPerBurst: Infinity,
    restMs: 0,
    fetchMaxWaitMs: 100 + below(random, 2_000),
    retryBackoffMs: 100 + below(random, 500),
    groupSessionMs: 6_000,
    groupHeartbeatMs: 1_000,
    pauseFactor: 1,
    auditMs: 25,
    properties: {
      'broker.session.timeout.ms': 1_000 + below(random, 8_000),
      'broker.heartbeat.interval.ms': 200 + below(random, 400),
      'replica.lag.time.max.ms': lagMs,
      'replica.fetch.wait.max.ms': Math.min(200 + below(random, 2_000), Math.floor(lagMs / 2)),
      'replica.fetch.backoff.ms': 100 + below(random, 900),
      'controller.quorum.election.timeout.ms': 300 + below(random, 700),
      'controller.quorum.fetch.timeout.ms': 500 + below(random, 1_500),
      'controller.quorum.retry.backoff.ms': 20 + below(random, 180),
      'log.flush.offset.checkpoint.interval.ms': 1_000 + below(random, 5_000),
      'replica.high.watermark.checkpoint.interval.ms': 500 + below(random, 5_000),
      'log.roll.ms': 1_000 + below(random, 20_000),
    },
  }
}

function calm(random: SeededRandom): Tempo {
  return {
    safetyMs: 900_000,
    faultFactor: 2,
    operationsPerBurst: 5,
    restMs: 120_000,
    fetchMaxWaitMs: 5_000 + below(random, 25_000),
    retryBackoffMs: 500 + below(random, 1_500),
    groupSessionMs: 30_000,
    groupHeartbeatMs: 8_000,
    pauseFactor: 40,
    auditMs: 500,
    properties: {
      'broker.session.timeout.ms': 9_000 + below(random, 12_000),
      'broker.heartbeat.interval.ms': 2_000 + below(random, 2_000),
      'replica.lag.time.max.ms': 25_000 + below(random, 20_000),
      'replica.fetch.wait.max.ms': 5_000 + below(random, 5_000),
      'replica.fetch.backoff.ms': 1_000,
      'controller.quorum.election.timeout.ms': 1_000 + below(random, 2_000),
      'controller.quorum.fetch.timeout.ms': 4_000 + below(random, 8_000),
      'controller.quorum.request.timeout.ms': 8_000,
      'controller.quorum.retry.backoff.ms': 100 + below(random, 400),
      'log.flush.offset.checkpoint.interval.ms': 10_000 + below(random, 50_000),
      'replica.high.watermark.checkpoint.interval.ms': 5_000 + below(random, 10_000),
      'log.roll.ms': 30_000 + below(random, 200_000),
    },
  }
}
