/**
 * What the process counts, as Prometheus reads it. Numbers only, no names: who may scrape may not thereby see subjects.
 *
 * Source: the Prometheus text exposition format, version 0.0.4.
 */
import type { RegistryService } from '../service.ts'

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Bounds of the histogram of requests, in seconds. */
const BOUNDS_S = [0.005, 0.025, 0.1, 0.5, 2.5, 10]

export class HttpMetrics {
  /** By method and class of status: `GET 2xx`. */
  readonly #requests = new Map<string, number>()
  readonly #buckets = BOUNDS_S.map(() => 0)
  #count = 0
  #sumS = 0
  #rejected = 0

  /** An answer has been given. */
  answered(method: string, status: number, elapsedMs: number): void {
    const key = `${METHODS.has(method) ? method : 'other'} ${Math.floor(status / 100)}xx`
    this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1)
    const elapsedS = elapsedMs / 1_000
    this.#count++
    this.#sumS += elapsedS
    for (const [i, bound] of BOUNDS_S.entries()) if (elapsedS <= bound) this.#buckets[i]!++
  }

  /** A request was refused because too many are at work. */
  rejected(): void {
    this.#rejected++
  }

  text(service: RegistryService, requestsAtWork: number): string {
    const { state } = service.core
    const { subjects, versions, deletedVersions, schemas } = state.counts()
    return [
      ...family(
        'braidlog_registry_requests_total',
        'counter',
        'Requests answered',
        [...this.#requests]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, count]): Sample => {
            const [method, status] = key.split(' ')
            return [`{method="${method}",status="${status}"}`, count]
          }),
      ),
      ...family('braidlog_registry_request_seconds', 'histogram', 'How long they took', [
        ...BOUNDS_S.map((bound, i): Sample => [`_bucket{le="${bound}"}`, this.#buckets[i]!]),
        ['_bucket{le="+Inf"}', this.#count],
        ['_sum', this.#sumS],
        ['_count', this.#count],
      ]),
      ...gauge('braidlog_registry_requests_at_work', 'Requests that are being answered', requestsAtWork),
      ...family('braidlog_registry_requests_rejected_total', 'counter', 'Requests refused with 503', [
        ['', this.#rejected],
      ]),
      ...gauge('braidlog_registry_subjects', 'Subjects that have a version', subjects),
      ...gauge('braidlog_registry_versions', 'Versions', versions),
      ...gauge('braidlog_registry_deleted_versions', 'Versions that are soft-deleted', deletedVersions),
      ...gauge('braidlog_registry_schemas', 'Schemas with an id', schemas),
      ...gauge('braidlog_registry_leader', 'Whether this instance writes', service.isLeader ? 1 : 0),
      ...gauge(
        'braidlog_registry_ready',
        'Whether the topic of the schemas is being followed',
        service.isReading ? 1 : 0,
      ),
      ...gauge('braidlog_registry_offset', 'Offset up to which the topic has been read', service.offset),
      ...gauge('braidlog_registry_term', 'Highest term that an instance has claimed', service.term),
      '',
    ].join('\n')
  }
}

type Sample = readonly [suffixAndLabels: string, value: number]

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE'])

function family(name: string, type: string, help: string, samples: readonly Sample[]): string[] {
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(([rest, value]) => `${name}${rest} ${value}`),
  ]
}

const gauge = (name: string, help: string, value: number): string[] => family(name, 'gauge', help, [['', value]])
