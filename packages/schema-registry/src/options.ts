/** Options of a registry process, with their defaults. */
import type { Logger } from '@braidlog/base'
import type { KafkaOptions } from '@braidlog/client'
import type { CompatibilityLevel } from './core/entities.ts'

export interface RegistryOptions {
  /** The cluster that keeps `_schemas`: Braidlog or Apache Kafka. */
  readonly kafka: KafkaOptions
  /** Default `127.0.0.1`. Anything beyond loopback needs `auth`, or `allowOpen`. */
  readonly host?: string | undefined
  /** Default 8081; 0 takes a free one. */
  readonly port?: number | undefined
  /** `host:port` under which other instances reach this one. Default: where it listens. */
  readonly advertised?: { readonly host: string; readonly port: number; readonly scheme?: 'http' | 'https' } | undefined
  /** Default `_schemas`. */
  readonly topic?: string | undefined
  /** When the topic has to be created; the brokers decide how many there are. Default 3, or as many as there are brokers. */
  readonly replicationFactor?: number | undefined
  /** Instances with the same group elect one leader. Default `schema-registry`. */
  readonly groupId?: string | undefined
  /** False: a follower for ever. Default true. */
  readonly leaderEligibility?: boolean | undefined
  /** The level where none is configured. Default `BACKWARD`. */
  readonly compatibility?: CompatibilityLevel | undefined
  /** `error_code` of an incompatible schema: 409 (default), or 40901 as Confluent 8.5 has it. */
  readonly incompatibleCode?: 409 | 40901 | undefined
  /** Whether `PUT /mode` is allowed. Default true. */
  readonly modeMutability?: boolean | undefined
  /** Bound of reading `_schemas` at start, and of a write. Default 60,000. */
  readonly storeTimeoutMs?: number | undefined
  /** Bound of a request forwarded to the leader. Default 60,000. */
  readonly forwardTimeoutMs?: number | undefined
  /** Membership of the group that elects the leader. Default 10,000 and 3,000. */
  readonly sessionTimeoutMs?: number | undefined
  readonly heartbeatIntervalMs?: number | undefined
  /** Largest request body. Default 10 MiB. */
  readonly bodySizeMaxBytes?: number | undefined
  /** Largest schema. Default 1,000,000, what a record of `_schemas` can hold. */
  readonly schemaSizeMaxBytes?: number | undefined
  /** Requests that may be at work at once; more are answered 503. Default 1,000. */
  readonly requestsMax?: number | undefined
  readonly auth?: RegistryAuth | undefined
  /** Listen openly without authentication all the same: behind a proxy that does it. */
  readonly allowOpen?: boolean | undefined
  readonly logger?: Logger | undefined
}

export interface RegistryAuth {
  /** User → password. */
  readonly users?: Readonly<Record<string, string>> | undefined
}
