/**
 * Which of this node's replication is held back, and by how much, as the configuration says: for replicas that it leads and
 * for those that it follows with (KIP-73).
 *
 *     topic    leader.replication.throttled.replicas    partition:broker, …  or *
 *              follower.replication.throttled.replicas
 *     broker   leader.replication.throttled.rate        bytes per second, for all of these together
 *              follower.replication.throttled.rate
 *
 * Only replicas that are not in sync are held back, and only their bytes count: in-sync replicas must never wait for those
 * that catch up. (Apache Kafka counts what is sent to replicas in sync as well, so that there a limit below the rate of the
 * producers stops catching up for good.)
 */
import type { Clock } from '@braidlog/base'
import type { ImageView, MetadataDelta, MetadataListener } from '@braidlog/metadata'
import { CLUSTER_DEFAULT_RESOURCE, ConfigResourceType } from '@braidlog/model'
import { ReplicationQuota, type QuotaWindow } from './replication-quota.ts'

const SIDES = ['leader', 'follower'] as const
type Side = (typeof SIDES)[number]

/** Every partition of a topic. */
const ALL = '*'

export class Throttle {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #quota: ReplicationQuota
  /** Partition numbers by topic. */
  readonly #listed = new Map<string, ReadonlySet<number> | typeof ALL>()

  constructor(clock: Pick<Clock, 'monotonicMs'>, window: QuotaWindow) {
    this.#clock = clock
    this.#quota = new ReplicationQuota(window)
  }

  /** The partition is listed: its catching up counts, and is held back while there is too much of it. */
  covers(topic: string, partition: number): boolean {
    if (this.#listed.size === 0) return false
    const listed = this.#listed.get(topic)
    return listed !== undefined && (listed === ALL || listed.has(partition))
  }

  get isExceeded(): boolean {
    return this.#listed.size > 0 && this.#quota.isExceeded(this.#clock.monotonicMs())
  }

  /** When to look again. */
  get delayMs(): number {
    return this.#quota.delayMs(this.#clock.monotonicMs())
  }

  record(sizeBytes: number): void {
    this.#quota.record(sizeBytes, this.#clock.monotonicMs())
  }

  /** @param bytesPerSecondMax Infinity: no limit */
  limit(bytesPerSecondMax: number): void {
    this.#quota.bytesPerSecondMax = bytesPerSecondMax
  }

  /** @param replicas as in the topic's configuration */
  list(topic: string, replicas: string, nodeId: number): void {
    const entries = replicas.split(',').map((each) => each.trim())
    const listed = entries.includes(ALL) ? ALL : partitionsOn(entries, nodeId)
    if (listed === ALL || listed.size > 0) this.#listed.set(topic, listed)
    else this.#listed.delete(topic)
  }
}

/** `3:1` is partition 3 on broker 1. */
function partitionsOn(entries: readonly string[], nodeId: number): Set<number> {
  const pairs = entries.map((each) => each.split(':', 2).map(Number))
  return new Set(pairs.filter(([, broker]) => broker === nodeId).map(([partition]) => partition!))
}

export class Throttles implements MetadataListener {
  readonly leader: Throttle
  readonly follower: Throttle
  readonly #nodeId: number

  constructor(nodeId: number, clock: Pick<Clock, 'monotonicMs'>, window: QuotaWindow) {
    this.#nodeId = nodeId
    this.leader = new Throttle(clock, window)
    this.follower = new Throttle(clock, window)
  }

  onImage(image: ImageView, delta: MetadataDelta): void {
    const { TOPIC, BROKER } = ConfigResourceType
    for (const { resourceType, resourceName } of delta.configs) {
      if (resourceType === TOPIC) {
        const configs = image.configs(TOPIC, resourceName)
        for (const side of SIDES) {
          this[side].list(resourceName, configs.get(`${side}.replication.throttled.replicas`) ?? '', this.#nodeId)
        }
      } else if (resourceType === BROKER) for (const side of SIDES) this[side].limit(this.#limitOf(image, side))
    }
  }

  #limitOf(image: ImageView, side: Side): number {
    const key = `${side}.replication.throttled.rate`
    const { BROKER } = ConfigResourceType
    const own = image.configs(BROKER, String(this.#nodeId)).get(key)
    const text = own ?? image.configs(BROKER, CLUSTER_DEFAULT_RESOURCE).get(key)
    const limit = Number(text)
    return text === undefined || !(limit >= 0) ? Infinity : limit
  }
}
