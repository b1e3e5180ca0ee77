/** What is kept of a campaign: gaps as percentiles, histories as counts, and under which conditions. */
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { ANOMALIES, type AnomalyName } from '@braidlog/simulator/history'
import { kafkaVersion } from '../peers/kafka.ts'
import type { CampaignOptions, CampaignResult, LoadName } from './campaign.ts'
import type { Against } from './cluster.ts'
import type { FaultName } from './nemesis.ts'
import type { Timeouts } from './timeouts.ts'

export interface Gaps {
  readonly client: LoadName
  readonly fault: FaultName
  readonly faultCount: number
  /** Partitions that lost their leader, over all faults; one gap each. */
  readonly partitionCount: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

export interface Checked {
  readonly client: LoadName
  readonly acknowledgedCount: number
  readonly unknownCount: number
  readonly anomalies: Readonly<Partial<Record<AnomalyName, number>>>
}

export interface Summary {
  readonly date: string
  readonly machine: string
  readonly against: Against
  readonly version: string
  readonly timeouts: Timeouts['name']
  readonly recordsPerSecond: number
  readonly seconds: number
  /** Processes that wanted a core, over the last five minutes. */
  readonly load: number
  readonly gaps: readonly Gaps[]
  readonly histories: readonly Checked[]
}

type Conditions = Pick<CampaignOptions, 'against' | 'recordsPerSecond'> & { readonly timeouts: Timeouts }

export function summarise(options: Conditions, result: CampaignResult, seconds: number): Summary {
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`,
    against: options.against,
    version: options.against === 'kafka' ? kafkaVersion : process.versions.node,
    timeouts: options.timeouts.name,
    recordsPerSecond: options.recordsPerSecond,
    seconds: Math.round(seconds),
    load: Math.round(loadavg()[1]!),
    gaps: gapsOf(result),
    histories: historiesOf(result),
  }
}

function gapsOf({ outcomes }: CampaignResult): Gaps[] {
  const groups = Map.groupBy(outcomes, ({ fault, client }) => `${fault} ${client}`)
  return [...groups.values()].map((group) => {
    const { client, fault } = group[0]!
    const sorted = group.flatMap(({ ledMs }) => ledMs).toSorted((a, b) => a - b)
    const at = (part: number): number => Math.round(sorted[Math.ceil(sorted.length * part) - 1] ?? 0)
    const percentiles = { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) }
    return { client, fault, faultCount: group.length, partitionCount: sorted.length, ...percentiles }
  })
}

function historiesOf({ clients }: CampaignResult): Checked[] {
  return [...Map.groupBy(clients, ({ client }) => client)].map(([client, group]) => {
    const sum = (count: (report: (typeof group)[number]['report']) => number): number =>
      group.reduce((total, { report }) => total + count(report), 0)
    const names = Object.keys(ANOMALIES) as AnomalyName[]
    const counts = names.map((name) => [name, sum(({ counts }) => counts[name])] as const)
    return {
      client,
      acknowledgedCount: sum(({ acknowledgedCount }) => acknowledgedCount),
      unknownCount: sum(({ unknownCount }) => unknownCount),
      anomalies: Object.fromEntries(counts.filter(([, count]) => count > 0)),
    }
  })
}
