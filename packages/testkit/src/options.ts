/**
 * Options of `startBraidlog`, read once. What this version cannot do is refused by name, never ignored: a test that asks
 * for three brokers and silently gets one proves nothing.
 */
import type { Logger, Storage } from '@braidlog/base'
import { TestkitError } from './errors.ts'

export interface TopicOptions {
  /** Default 1. */
  readonly partitions?: number
  /** Keys of Apache Kafka's topic configuration. */
  readonly config?: Readonly<Record<string, string | number | boolean>>
}

export interface BraidlogOptions {
  /** Topics to create before the instance is handed out: a number of partitions, or options. */
  readonly topics?: Readonly<Record<string, number | TopicOptions>>
  /**
   * `memory` (default): files in this process's memory. `temporary`: files in a fresh directory of the operating
   * system's, removed at the end. Or a storage of your own, which is left as it is at the end.
   */
  readonly storage?: 'memory' | 'temporary' | Storage
  /** Keys of `server.properties`, over the testkit's own. */
  readonly config?: Readonly<Record<string, string | number | boolean>>
  /** Makes topic ids, member ids and everything else that is drawn at random the same in every run. */
  readonly seed?: number
  /** Bound of the start, and default bound of every helper. Default 10,000. */
  readonly timeoutMs?: number
  /** Default: silent. */
  readonly logger?: Logger
  /** Only 1 so far. */
  readonly brokers?: 1
  /** Only the real one so far. */
  readonly clock?: 'real'
}

export interface ResolvedOptions {
  readonly topics: ReadonlyMap<string, Required<TopicOptions>>
  readonly storage: 'memory' | 'temporary' | Storage
  readonly config: Readonly<Record<string, string | number | boolean>>
  readonly seed: number | undefined
  readonly timeoutMs: number
  readonly logger: Logger | undefined
}

const TIMEOUT_MS_DEFAULT = 10_000

/** Options of other test kits, and of a later one of ours: why not, and what to do. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  security: 'listeners are plaintext on loopback; test authentication against a server of your own',
  tls: 'listeners are plaintext on loopback',
  sasl: 'listeners are plaintext on loopback',
  asVersion: 'API versions cannot be capped; the ranges of Apache Kafka 4.3 are served',
  faults: 'no faults can be injected; `restart({ crash: true })` is what there is',
  isolate: 'the broker shares the event loop of the test; run `braidlog dev` in a process of its own instead',
  schemaRegistry: 'there is no schema registry in this version',
  connect: 'there is no Connect in this version',
}

const KNOWN = ['topics', 'storage', 'config', 'seed', 'timeoutMs', 'logger', 'brokers', 'clock']

/** @throws TestkitError `UNSUPPORTED_OPTION`, `INVALID_OPTION` */
export function resolveOptions(options: BraidlogOptions): ResolvedOptions {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || KNOWN.includes(name)) continue
    const why = UNSUPPORTED[name]
    if (why !== undefined) throw new TestkitError('UNSUPPORTED_OPTION', `option ${name} is not supported: ${why}`)
    throw new TestkitError('INVALID_OPTION', `there is no option ${name}; there are ${KNOWN.join(', ')}`)
  }
  const { brokers, clock }: { brokers?: unknown; clock?: unknown } = options
  if (brokers !== undefined && brokers !== 1) {
    throw new TestkitError('UNSUPPORTED_OPTION', `option brokers: only 1 is supported, not ${JSON.stringify(brokers)}`)
  }
  if (clock !== undefined && clock !== 'real') {
    throw new TestkitError('UNSUPPORTED_OPTION', `option clock: only 'real' is supported, not ${JSON.stringify(clock)}`)
  }
  const { storage = 'memory', timeoutMs = TIMEOUT_MS_DEFAULT } = options
  if (typeof storage === 'string' && storage !== 'memory' && storage !== 'temporary') {
    throw new TestkitError(
      'INVALID_OPTION',
      `option storage is 'memory', 'temporary' or a Storage, not ${JSON.stringify(storage)}`,
    )
  }
  if (!Number.isFinite(timeoutMs) || timeoutMs <= 0) {
    throw new TestkitError('INVALID_OPTION', `option timeoutMs is a positive number, not ${timeoutMs}`)
  }
  return {
    topics: new Map(Object.entries(options.topics ?? {}).map(([name, topic]) => [name, resolveTopic(name, topic)])),
    storage,
    config: options.config ?? {},
    seed: options.seed,
    timeoutMs,
    logger: options.logger,
  }
}

function resolveTopic(name: string, topic: number | TopicOptions): Required<TopicOptions> {
  const { partitions = 1, config = {} } = typeof topic === 'number' ? { partitions: topic } : topic
  if (!Number.isInteger(partitions) || partitions < 1) {
    throw new TestkitError('INVALID_OPTION', `topic ${name}: the number of partitions is ${partitions}`)
  }
  return { partitions, config }
}
