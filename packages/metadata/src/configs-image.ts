/**
 * Configuration overrides of every resource, as text, exactly as they were set.
 * Invariant: a resource without overrides has no entry.
 */
import { ConfigResourceType } from '@braidlog/model'
import type { ConfigRecord } from '@braidlog/protocol'
import type { DeltaBuilder } from './delta.ts'
import { metadataRecord, type MetadataRecord } from './record.ts'

const NO_CONFIGS: ReadonlyMap<string, string> = new Map()

/** The configurations of an image. */
export class Configs {
  /** By resource type, then resource name, then key. */
  readonly #resources = new Map<number, Map<string, Map<string, string>>>()

  of(resourceType: number, resourceName: string): ReadonlyMap<string, string> {
    return this.#resources.get(resourceType)?.get(resourceName) ?? NO_CONFIGS
  }

  resourceNames(resourceType: number): Iterable<string> {
    return this.#resources.get(resourceType)?.keys() ?? []
  }

  resourceTypes(): Iterable<number> {
    return this.#resources.keys()
  }

  apply(record: ConfigRecord, delta: DeltaBuilder): void {
    this.#set(record.resourceType, record.resourceName, record.name, record.value ?? undefined, delta)
  }

  removeTopic(name: string, delta: DeltaBuilder): void {
    for (const key of this.of(ConfigResourceType.TOPIC, name).keys()) {
      this.#set(ConfigResourceType.TOPIC, name, key, undefined, delta)
    }
  }

  *records(): Iterable<MetadataRecord> {
    for (const [resourceType, resources] of this.#resources) {
      for (const [resourceName, configs] of resources) {
        for (const [name, value] of configs) {
          yield metadataRecord('Config', { resourceType, resourceName, name, value })
        }
      }
    }
  }

  #set(type: number, resource: string, name: string, after: string | undefined, delta: DeltaBuilder): void {
    const before = this.of(type, resource).get(name)
    if (after === undefined) this.#delete(type, resource, name)
    else {
      let resources = this.#resources.get(type)
      if (resources === undefined) this.#resources.set(type, (resources = new Map()))
      let configs = resources.get(resource)
      if (configs === undefined) resources.set(resource, (configs = new Map()))
      configs.set(name, after)
    }
    delta.config({ resourceType: type, resourceName: resource, name, before, after })
  }

  #delete(type: number, resource: string, name: string): void {
    const resources = this.#resources.get(type)
    const configs = resources?.get(resource)
    if (resources === undefined || configs === undefined) return
    configs.delete(name)
    if (configs.size === 0) resources.delete(resource)
    if (resources.size === 0) this.#resources.delete(type)
  }
}
