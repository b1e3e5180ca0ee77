/** Options of a registry process, with their defaults. */
import type { Logger } from '@braidlog/base'
import type { KafkaOptions } from '@braidlog/client'
import type { CompatibilityLevel } from './core/entities.ts'

export interface RegistryOptions {
  /** The cluster that keeps `_schemas`: Braidlog or Apache Kafka. */
  readonly kafka: KafkaOptions
  /** Default `127.0.0.1`. Anything beyond loopback needs `tls` and `auth`, or to be told that it does not. */
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
  /** Listen with TLS. */
  readonly tls?: RegistryTls | undefined
  /** Whom to let in. With TLS that requires client certificates it may be left out. */
  readonly auth?: RegistryAuth | undefined
  /** What those who are let in may do. Left out: everything. */
  readonly authorization?: RegistryAuthorization | undefined
  /**
   * Refuse to delete a schema for good while retained records of the cluster name it, unless forced. The first such deletion reads all
   * topics but the excluded ones; what it has found is kept in the directory, if there is one, for the next start.
   */
  readonly protectUsed?:
    | { readonly excludeTopics?: readonly string[] | undefined; readonly indexDirectory?: string | undefined }
    | undefined
  /** Somebody else who knows which schemas are in use, instead of `protectUsed`. */
  readonly usage?: UsageSource | undefined
  /** Listen beyond loopback although nobody is asked who they are: behind a proxy that asks. */
  readonly allowOpen?: boolean | undefined
  /** Listen beyond loopback without TLS: behind a proxy that ends it, or in a network that is encrypted itself. */
  readonly allowPlaintext?: boolean | undefined
  readonly logger?: Logger | undefined
}

/** PEM files; read again when they change. */
export interface RegistryTls {
  readonly certificateFile: string
  readonly keyFile: string
  /** Authorities of client certificates, and of the other instances' certificates. Default: those that Node trusts. */
  readonly authoritiesFile?: string | undefined
  /** Default `none`. `requested`: a client may come without one, and needs `auth` then. */
  readonly clientCertificates?: 'none' | 'requested' | 'required' | undefined
  /** How often the files are looked at. Default 10,000; 0: never. */
  readonly reloadIntervalMs?: number | undefined
}

/** The ways to be let in; any of them will do. Principals are `User:` and a name. */
export interface RegistryAuth {
  /** User → password, for Basic authentication. */
  readonly users?: Readonly<Record<string, string>> | undefined
  readonly bearer?: BearerOptions | undefined
  /** From a client certificate's name to a principal, as Apache Kafka's `ssl.principal.mapping.rules`. Default `DEFAULT`: the name as it is. */
  readonly certificateRules?: string | undefined
  /**
   * Principals of the other instances' certificates. Of a write that one of them passes on, it is believed who asked; without this
   * the credentials of whoever asked are passed on and asked for again.
   */
  readonly instances?: readonly string[] | undefined
}

/** JSON Web Tokens, by the keys of their issuer. */
export interface BearerOptions {
  /** `https:`, or `http:` on loopback. Either this or `jwks`. */
  readonly jwksUrl?: string | undefined
  /** The keys themselves, where they do not change. */
  readonly jwks?: { readonly keys: readonly object[] } | undefined
  readonly issuer: string
  readonly audience: string
  /** Default RS256, PS256, ES256, ES384, EdDSA. Only asymmetric ones can be named. */
  readonly algorithms?: readonly string[] | undefined
  /** The claim that names the user. Default `sub`. */
  readonly principalClaim?: string | undefined
  /** How far clocks may be apart. Default 30,000. */
  readonly clockSkewMs?: number | undefined
}

export interface RegistryAuthorization {
  /** May do everything: `User:admin`. */
  readonly superUsers?: readonly string[] | undefined
  /** What no access control entry is about is for everybody. Default false. */
  readonly allowEveryoneIfNoAclFound?: boolean | undefined
}

/** Where a schema id is in use. */
export interface SchemaUse {
  readonly topic: string
  readonly partition: number
  /** Of the retained records with the id. */
  readonly firstOffset: number
  readonly lastOffset: number
  readonly groups?: readonly string[] | undefined
}

/** Something that knows which schemas retained records were written with. */
export interface UsageSource {
  /** @returns where; empty when nowhere */
  usesOf(
    schema: { readonly id: number; readonly guid: string; readonly context: string },
    options: { readonly signal: AbortSignal },
  ): Promise<readonly SchemaUse[]>
}
