/**
 * The figures of `docs/explanation/scaling.md`: between two marks in the page, written from the newest run of the `model` scenario. The
 * prose around them is written by hand.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Entry } from '../history.ts'
import type { Row } from '../samples.ts'
import { alignedTable } from '../markdown.ts'
import { median, threeDigits } from '../statistics.ts'
import { fitCosts, predict, type Observation } from './fit.ts'
import { fleetTable } from './fleet.ts'
import {
  checkRuns,
  countsOf,
  fetchCheckRuns,
  fetchCountsOf,
  fetchFitRuns,
  fetchName,
  fitRuns,
  residentName,
  runName,
  syncConnections,
  syncName,
} from './runs.ts'

export const scalingFile = join(import.meta.dirname, '..', '..', 'docs', 'explanation', 'scaling.md')

const begin = '<!-- begin of what `npm run bench -- model` writes -->'
const end = '<!-- end of what `npm run bench -- model` writes -->'

export interface Costs {
  /** Microseconds of CPU: of a request, of a megabyte, of a wake-up. */
  readonly produce: readonly number[]
  readonly fetch: readonly number[]
  readonly bytesPerConnection: number
  readonly bytesPerPartition: number
  readonly residentBytes: number
}

/** Replaces the figures in the page, if there is one. */
export function writeScaling(entry: Entry | undefined): void {
  if (entry === undefined || !existsSync(scalingFile)) return
  const page = readFileSync(scalingFile, 'utf8')
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from === -1 || to === -1) throw new Error(`${scalingFile} has lost its marks`)
  writeFileSync(scalingFile, `${page.slice(0, from)}${begin}\n\n${figures(entry)}\n${page.slice(to)}`)
}

export function costsOf(entry: Entry, subject: string): Costs | undefined {
  const value = (name: string, metric: string): number => medianOf(entry.rows, name, metric, subject)
  const observations = <T>(
    runs: readonly T[],
    name: (run: T) => string,
    counts: (run: T) => readonly number[],
  ): Observation[] =>
    runs
      .map((run) => ({ counts: counts(run), measured: value(name(run), 'CPU µs/request') }))
      .filter(({ measured }) => Number.isFinite(measured) && measured > 0)
  const produce = observations(fitRuns, runName, countsOf)
  const fetch = observations(fetchFitRuns, fetchName, fetchCountsOf)
  if (produce.length < 4 || fetch.length < 4) return undefined
  return {
    produce: fitCosts(produce),
    fetch: fitCosts(fetch),
    bytesPerConnection: slope(entry.rows, subject, 'connections'),
    bytesPerPartition: slope(entry.rows, subject, 'partitions'),
    residentBytes: value('nothing', 'resident MiB') * 2 ** 20,
  }
}

function figures(entry: Entry): string {
  const ours = costsOf(entry, 'braidlog')
  const kafka = costsOf(entry, 'kafka')
  if (ours === undefined) return 'The last run was not complete.\n'
  return [
    ...alignedTable(costTable(ours, kafka)),
    '',
    ...alignedTable(checkTable(entry, ours)),
    '',
    ...alignedTable(syncTable(entry)),
    '',
    ...fleetTable(ours),
    '',
    `\`npm run bench -- model\`, ${entry.date.slice(0, 10)}, commit ${entry.commit}, ${entry.machine}, Node.js ${entry.node}, Apache Kafka ${entry.kafka}.` +
      (entry.quick ? ' A quick run: for the direction only.' : ''),
    '',
  ].join('\n')
}

function costTable(ours: Costs, kafka: Costs | undefined): string[] {
  const line = (name: string, of: (costs: Costs) => number, digits = threeDigits): string =>
    `| ${name} | ${digits(of(ours))} | ${kafka === undefined ? '–' : digits(of(kafka))} |`
  const kib = (bytes: number): string => threeDigits(bytes / 1024)
  return [
    '| cost, at page-cache durability | Braidlog | Apache Kafka |',
    '|---|---:|---:|',
    line('CPU of a produce request, µs', ({ produce }) => produce[0]!),
    line('CPU of a megabyte produced, µs', ({ produce }) => produce[1]!),
    line('CPU of a wake-up for produce requests, µs', ({ produce }) => produce[2]!),
    line('CPU of a fetch request, µs', ({ fetch }) => fetch[0]!),
    line('CPU of a megabyte fetched, µs', ({ fetch }) => fetch[1]!),
    line('CPU of a wake-up for fetch requests, µs', ({ fetch }) => fetch[2]!),
    line('memory of a process that has nothing to do, MiB', ({ residentBytes }) => residentBytes / 2 ** 20),
    line('memory of a connection, KiB', ({ bytesPerConnection }) => bytesPerConnection, kib),
    line('memory of a partition, KiB', ({ bytesPerPartition }) => bytesPerPartition, kib),
  ]
}

/** Runs that the fit has not seen. */
function checkTable(entry: Entry, costs: Costs): string[] {
  const line = (name: string, predicted: number): string => {
    const measured = medianOf(entry.rows, name, 'CPU µs/request', 'braidlog')
    const error = Math.round((predicted / measured - 1) * 100)
    return `| ${name} | ${threeDigits(predicted)} | ${threeDigits(measured)} | ${error > 0 ? '+' : ''}${error} % |`
  }
  return [
    '| run that the model has not seen | predicted µs | measured µs | error |',
    '|---|---:|---:|---:|',
    ...checkRuns.map((run) => line(`${runName(run)}`, predict(costs.produce, countsOf(run)))),
    ...fetchCheckRuns.map((run) => line(fetchName(run), predict(costs.fetch, fetchCountsOf(run)))),
  ]
}

function syncTable(entry: Entry): string[] {
  const names = syncConnections.map(syncName)
  const cell = (name: string, metric: string): string => threeDigits(medianOf(entry.rows, name, metric, 'braidlog'))
  return [
    '| durable mode, four partitions | requests/s | CPU µs a request | requests that one fdatasync covers |',
    '|---|---:|---:|---:|',
    ...names.map(
      (name, index) =>
        `| ${syncConnections[index]} producer${index === 0 ? '' : 's'}, 1 KiB each at a time | ${cell(name, 'requests/s')} | ${cell(name, 'CPU µs/request')} | ${cell(name, 'requests that one fdatasync covers')} |`,
    ),
  ]
}

function medianOf(rows: readonly Row[], name: string, metric: string, subject: string): number {
  return rows.find((row) => row.case === name && row.metric === metric)?.subjects[subject]?.median ?? NaN
}

/** Bytes for each of a thing: the median of the slopes between neighbouring counts. */
function slope(rows: readonly Row[], subject: string, what: 'connections' | 'partitions'): number {
  const points = [0, 1000, 2000, 4000]
    .map((count) => {
      const name = count === 0 && what === 'connections' ? 'nothing' : residentName(count, what)
      return [count, medianOf(rows, name, 'resident MiB', subject) * 2 ** 20] as const
    })
    .filter(([, bytes]) => Number.isFinite(bytes))
  const slopes = points.slice(1).map(([count, bytes], index) => {
    const [before, bytesBefore] = points[index]!
    return (bytes - bytesBefore) / (count - before)
  })
  return median(slopes)
}
