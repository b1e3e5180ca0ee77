/** What is kept of a run: every gap, histories as counts, and under which conditions. */
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { ANOMALIES, type AnomalyName } from '@braidlog/simulator/history'
import { kafkaVersion } from '../peers/kafka.ts'
import type { CampaignResult, LoadName } from './campaign.ts'
import type { FaultName } from './nemesis.ts'
import type { Run } from './plan.ts'

export interface Gaps {
  readonly client: LoadName
  readonly fault: FaultName
  readonly faultCount: number
  /** One of each partition that lost its leader, in each fault; ascending. */
  readonly gapsMs: readonly number[]
}

export interface Checked {
  readonly client: LoadName
  readonly acknowledgedCount: number
  readonly unknownCount: number
  readonly sendingSeconds: number
  readonly anomalies: Readonly<Partial<Record<AnomalyName, number>>>
}

export type Conditions = Pick<Run, 'against' | 'recordsPerSecond' | 'timeouts' | 'topology'>

export interface Summary extends Conditions {
  readonly name: string
  readonly date: string
  readonly machine: string
  readonly version: string
  readonly seconds: number
  /** Processes that wanted a core, over the last five minutes. */
  readonly load: number
  /** Faults that were survived. */
  readonly faultCount: number
  /** Faults that were not, and what else went wrong. */
  readonly failures: readonly string[]
  readonly gaps: readonly Gaps[]
  readonly histories: readonly Checked[]
}

export function summarise(run: Run, result: CampaignResult, seconds: number): Summary {
  const { against, name, recordsPerSecond, timeouts, topology } = run
  return {
    name,
    against,
    topology,
    timeouts,
    recordsPerSecond,
    date: new Date().toISOString().slice(0, 10),
    machine: `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`,
    version: against === 'kafka' ? kafkaVersion : `Node.js ${process.versions.node}`,
    seconds: Math.round(seconds),
    load: Math.round(loadavg()[1]!),
    faultCount: result.faultCount,
    failures: result.failures.map(({ what }) => what),
    gaps: gapsOf(result),
    histories: historiesOf(result),
  }
}

/** @param gapsMs ascending; at least one */
export function percentilesOf(gapsMs: readonly number[]): { p50Ms: number; p99Ms: number; maxMs: number } {
  const at = (part: number): number => gapsMs[Math.ceil(gapsMs.length * part) - 1] ?? 0
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) }
}

function gapsOf({ outcomes }: CampaignResult): Gaps[] {
  return [...Map.groupBy(outcomes, ({ fault, client }) => `${fault} ${client}`).values()].map((group) => {
    const { client, fault } = group[0]!
    const gapsMs = group.flatMap((outcome) => outcome.gapsMs.map(Math.round)).toSorted((a, b) => a - b)
    return { client, fault, faultCount: group.length, gapsMs }
  })
}

function historiesOf({ clients }: CampaignResult): Checked[] {
  return [...Map.groupBy(clients, ({ client }) => client)].map(([client, group]) => {
    const sum = (count: (outcome: (typeof group)[number]) => number): number =>
      group.reduce((total, outcome) => total + count(outcome), 0)
    const names = Object.keys(ANOMALIES) as AnomalyName[]
    const counts = names.map((name) => [name, sum(({ report }) => report.counts[name])] as const)
    return {
      client,
      acknowledgedCount: sum(({ report }) => report.acknowledgedCount),
      unknownCount: sum(({ report }) => report.unknownCount),
      sendingSeconds: Math.round(sum(({ sendingMs }) => sendingMs) / 1000),
      anomalies: Object.fromEntries(counts.filter(([, count]) => count > 0)),
    }
  })
}
