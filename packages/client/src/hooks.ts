/**
 * Hooks: what a program can observe of the client without a metrics library. The same events are published on
 * `node:diagnostics_channel` under `braidlog:client:<event>`; both cost nothing when nobody listens.
 *
 * A hook must not throw and should return at once: it runs on the hot path.
 */
import { channel } from 'node:diagnostics_channel'
import type { TopicPartition } from './record.ts'

export interface RequestEvent {
  readonly api: string
  readonly version: number
  readonly broker: string
  readonly requestSizeBytes: number
  readonly responseSizeBytes: number
  readonly durationMs: number
  /** How long the broker asked the client to hold back (KIP-219). */
  readonly throttleMs: number
  /** Error code when the request got no answer. */
  readonly error?: string | undefined
}

export interface ConnectionEvent {
  readonly broker: string
  readonly purpose: string
  readonly error?: string | undefined
}

export interface ProducedEvent {
  readonly topic: string
  readonly partition: number
  readonly records: number
  readonly sizeBytes: number
  readonly attempts: number
  readonly error?: string | undefined
}

export interface FetchedEvent {
  readonly topic: string
  readonly partition: number
  readonly sizeBytes: number
  readonly highWatermark: number
}

/** Records are ready and the application does not ask for them: a handler or loop that hangs, or is too slow. */
export interface StalledEvent {
  /** Where records wait. */
  readonly partitions: readonly TopicPartition[]
  /** Memory of what is fetched ahead and of the batch that the application has. */
  readonly heldBytes: number
  /** Since the application last asked. */
  readonly durationMs: number
}

export interface RebalanceEvent {
  readonly groupId: string
  readonly kind: 'assigned' | 'revoked' | 'lost'
  readonly generation: number
  readonly partitions: readonly TopicPartition[]
}

export interface Hooks {
  readonly request?: ((event: RequestEvent) => void) | undefined
  readonly connected?: ((event: ConnectionEvent) => void) | undefined
  readonly disconnected?: ((event: ConnectionEvent) => void) | undefined
  readonly produced?: ((event: ProducedEvent) => void) | undefined
  readonly fetched?: ((event: FetchedEvent) => void) | undefined
  readonly rebalanced?: ((event: RebalanceEvent) => void) | undefined
  /** After 30 s, once until the application asks again. */
  readonly stalled?: ((event: StalledEvent) => void) | undefined
}

export type HookName = keyof Hooks
type EventOf<N extends HookName> = Parameters<NonNullable<Hooks[N]>>[0]

const channels = {
  request: channel('braidlog:client:request'),
  connected: channel('braidlog:client:connected'),
  disconnected: channel('braidlog:client:disconnected'),
  produced: channel('braidlog:client:produced'),
  fetched: channel('braidlog:client:fetched'),
  rebalanced: channel('braidlog:client:rebalanced'),
  stalled: channel('braidlog:client:stalled'),
}

/** True when building the event is worth it. */
export function isObserved(hooks: Hooks | undefined, name: HookName): boolean {
  return hooks?.[name] !== undefined || channels[name].hasSubscribers
}

export function observe<N extends HookName>(hooks: Hooks | undefined, name: N, event: EventOf<N>): void {
  const hook = hooks?.[name] as ((event: EventOf<N>) => void) | undefined
  hook?.(event)
  if (channels[name].hasSubscribers) channels[name].publish(event)
}
