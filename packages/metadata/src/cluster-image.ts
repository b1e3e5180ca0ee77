/**
 * The nodes of the cluster as they registered themselves.
 * Source: KIP-631 (brokers), KIP-919 (controllers), KIP-1066 (cordoned directories).
 */
import type { Uuid } from '@braidlog/model'

/** `SecurityProtocol` ids. */
export const SecurityProtocol = { PLAINTEXT: 0, SSL: 1, SASL_PLAINTEXT: 2, SASL_SSL: 3 } as const
export type SecurityProtocol = (typeof SecurityProtocol)[keyof typeof SecurityProtocol]

export interface EndpointRegistration {
  /** Listener name. */
  readonly name: string
  readonly host: string
  readonly port: number
  readonly securityProtocol: number
}

export interface FeatureSupport {
  readonly name: string
  readonly levelMin: number
  readonly levelMax: number
}

export interface BrokerRegistration {
  readonly id: number
  /** Offset of the registration record. */
  readonly epoch: number
  readonly incarnationId: Uuid
  readonly endpoints: readonly EndpointRegistration[]
  readonly features: readonly FeatureSupport[]
  readonly rack: string | null
  readonly fenced: boolean
  readonly inControlledShutdown: boolean
  readonly isMigratingZkBroker: boolean
  readonly logDirs: readonly Uuid[]
  /** `null`: the broker has not said. */
  readonly cordonedLogDirs: readonly Uuid[] | null
}

export interface ControllerRegistration {
  readonly id: number
  readonly incarnationId: Uuid
  readonly zkMigrationReady: boolean
  readonly endpoints: readonly EndpointRegistration[]
  readonly features: readonly FeatureSupport[]
}
