/**
 * The nodes of the cluster as they registered themselves. Registrations are replaced, never changed in place.
 * Source: KIP-631 (brokers), KIP-919 (controllers), KIP-1066 (cordoned directories).
 */
import { registerBrokerRecordVersion, type Uuid } from '@braidlog/model'
import type { BrokerRegistrationChangeRecord, RegisterBrokerRecord, RegisterControllerRecord } from '@braidlog/protocol'
import type { DeltaBuilder } from './delta.ts'
import { MetadataError } from './errors.ts'
import { metadataRecord, type MetadataRecord, type MetadataRecordOf } from './record.ts'

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

/** What a BrokerRegistrationChange says of a yes-or-no field. */
const CHANGE_TO_TRUE = 1
const CHANGE_TO_FALSE = -1

/** metadata.version from which controllers register. */
const CONTROLLER_REGISTRATION_LEVEL = 15

/** The brokers and controllers of an image. */
export class Cluster {
  readonly #brokers = new Map<number, BrokerRegistration>()
  readonly #controllers = new Map<number, ControllerRegistration>()

  broker(id: number): BrokerRegistration | undefined {
    return this.#brokers.get(id)
  }

  brokers(): Iterable<BrokerRegistration> {
    return this.#brokers.values()
  }

  controllers(): Iterable<ControllerRegistration> {
    return this.#controllers.values()
  }

  registerBroker(record: RegisterBrokerRecord, delta: DeltaBuilder): void {
    this.#setBroker(record.brokerId, brokerFromRecord(record), delta)
  }

  unregisterBroker(id: number, delta: DeltaBuilder): void {
    const before = this.#brokers.get(id)
    if (before === undefined) return
    this.#brokers.delete(id)
    delta.broker({ id, before, after: undefined })
  }

  /** FenceBroker and UnfenceBroker, the older way to say what BrokerRegistrationChange says. */
  setFenced(id: number, epoch: number, fenced: boolean, delta: DeltaBuilder): void {
    const before = this.#require(id, epoch, fenced ? 'FenceBroker' : 'UnfenceBroker')
    this.#setBroker(id, { ...before, fenced }, delta)
  }

  changeBroker(record: BrokerRegistrationChangeRecord, delta: DeltaBuilder): void {
    const before = this.#require(record.brokerId, record.brokerEpoch, 'BrokerRegistrationChange')
    const fenced = record.fenced === CHANGE_TO_TRUE ? true : record.fenced === CHANGE_TO_FALSE ? false : before.fenced
    const after: BrokerRegistration = {
      ...before,
      fenced,
      inControlledShutdown: record.inControlledShutdown === CHANGE_TO_TRUE ? true : before.inControlledShutdown,
      logDirs: record.logDirs.length > 0 ? record.logDirs : before.logDirs,
      cordonedLogDirs: record.cordonedLogDirs ?? before.cordonedLogDirs,
    }
    this.#setBroker(record.brokerId, after, delta)
  }

  registerController(record: RegisterControllerRecord, delta: DeltaBuilder): void {
    const before = this.#controllers.get(record.controllerId)
    const after = controllerFromRecord(record)
    this.#controllers.set(record.controllerId, after)
    delta.controller({ id: record.controllerId, before, after })
  }

  *records(metadataVersion: number): Iterable<MetadataRecord> {
    for (const broker of this.#brokers.values()) yield brokerRecord(broker, metadataVersion)
    if (metadataVersion < CONTROLLER_REGISTRATION_LEVEL) return
    for (const controller of this.#controllers.values()) yield controllerRecord(controller)
  }

  #setBroker(id: number, after: BrokerRegistration, delta: DeltaBuilder): void {
    const before = this.#brokers.get(id)
    this.#brokers.set(id, after)
    delta.broker({ id, before, after })
  }

  #require(id: number, epoch: number, record: string): BrokerRegistration {
    const broker = this.#brokers.get(id)
    if (broker === undefined || broker.epoch !== epoch) {
      throw new MetadataError(
        'CORRUPT',
        `a ${record} record names broker ${id} with epoch ${epoch}; registered is ${broker?.epoch ?? 'none'}`,
      )
    }
    return broker
  }
}

function brokerFromRecord(record: RegisterBrokerRecord): BrokerRegistration {
  return {
    id: record.brokerId,
    epoch: record.brokerEpoch,
    incarnationId: record.incarnationId,
    endpoints: record.endPoints,
    features: record.features.map(featureFromRecord),
    rack: record.rack,
    fenced: record.fenced,
    inControlledShutdown: record.inControlledShutdown,
    isMigratingZkBroker: record.isMigratingZkBroker,
    logDirs: record.logDirs,
    cordonedLogDirs: record.cordonedLogDirs,
  }
}

/** A registration as a record, in the version that the metadata.version selects. */
export function brokerRecord(broker: BrokerRegistration, metadataVersion: number): MetadataRecordOf<'RegisterBroker'> {
  const version = registerBrokerRecordVersion(metadataVersion)
  return metadataRecord(
    'RegisterBroker',
    {
      brokerId: broker.id,
      isMigratingZkBroker: version >= 2 && broker.isMigratingZkBroker,
      incarnationId: broker.incarnationId,
      brokerEpoch: broker.epoch,
      endPoints: broker.endpoints,
      features: broker.features.map(featureToRecord),
      rack: broker.rack,
      fenced: broker.fenced,
      inControlledShutdown: broker.inControlledShutdown,
      logDirs: version >= 3 ? broker.logDirs : [],
      cordonedLogDirs: version >= 4 ? broker.cordonedLogDirs : null,
    },
    version,
  )
}

function controllerFromRecord(record: RegisterControllerRecord): ControllerRegistration {
  return {
    id: record.controllerId,
    incarnationId: record.incarnationId,
    zkMigrationReady: record.zkMigrationReady,
    endpoints: record.endPoints,
    features: record.features.map(featureFromRecord),
  }
}

export function controllerRecord(controller: ControllerRegistration): MetadataRecordOf<'RegisterController'> {
  return metadataRecord('RegisterController', {
    controllerId: controller.id,
    incarnationId: controller.incarnationId,
    zkMigrationReady: controller.zkMigrationReady,
    endPoints: controller.endpoints,
    features: controller.features.map(featureToRecord),
  })
}

interface FeatureInRecord {
  readonly name: string
  readonly minSupportedVersion: number
  readonly maxSupportedVersion: number
}

function featureFromRecord(feature: FeatureInRecord): FeatureSupport {
  return { name: feature.name, levelMin: feature.minSupportedVersion, levelMax: feature.maxSupportedVersion }
}

function featureToRecord(feature: FeatureSupport): FeatureInRecord {
  return { name: feature.name, minSupportedVersion: feature.levelMin, maxSupportedVersion: feature.levelMax }
}
