/**
 * What leads from one image to another: for a node that was so far behind that it was given a snapshot, and still has to
 * tell its listeners what changed.
 */
import { ConfigResourceType } from '@braidlog/model'
import type { DeltaBuilder, OtherChange } from './delta.ts'
import type { ImageView } from './image.ts'
import type { PartitionRegistration, TopicImage } from './topics-image.ts'

/** Not compared: whoever listens to these reads the image anew. */
const OTHERS: readonly OtherChange[] = [
  'acls',
  'client-quotas',
  'delegation-tokens',
  'producer-ids',
  'scram-credentials',
]

/** Notes in `delta` what differs: what is gone first, then what is new or other than before. */
export function noteDifference(before: ImageView, after: ImageView, delta: DeltaBuilder): void {
  for (const topic of before.topics()) if (after.topicById(topic.id) === undefined) noteRemoved(topic, delta)
  for (const topic of after.topics()) noteTopic(before.topicById(topic.id), topic, delta)
  noteConfigs(before, after, delta)
  noteById(before.brokers(), after.brokers(), (change) => delta.broker(change))
  noteById(before.controllers(), after.controllers(), (change) => delta.controller(change))
  for (const name of new Set([...before.features.keys(), ...after.features.keys()])) {
    const [from, to] = [before.features.get(name) ?? 0, after.features.get(name) ?? 0]
    if (from !== to) delta.feature({ name, before: from, after: to })
  }
  for (const other of OTHERS) delta.other(other)
}

function noteRemoved({ name, id, partitions }: TopicImage, delta: DeltaBuilder): void {
  for (const [partition, before] of partitions) {
    delta.partition({ topic: name, topicId: id, partition, before, after: undefined })
  }
  delta.topic({ kind: 'removed', name, id })
}

function noteTopic(known: TopicImage | undefined, { name, id, partitions }: TopicImage, delta: DeltaBuilder): void {
  if (known === undefined) delta.topic({ kind: 'created', name, id })
  for (const [partition, after] of partitions) {
    const before: PartitionRegistration | undefined = known?.partitions.get(partition)
    if (before !== undefined && isEqual(before, after)) continue
    delta.partition({ topic: name, topicId: id, partition, before, after })
  }
}

function noteConfigs(before: ImageView, after: ImageView, delta: DeltaBuilder): void {
  for (const resourceType of Object.values(ConfigResourceType)) {
    const names = new Set([...before.configResources(resourceType), ...after.configResources(resourceType)])
    for (const resourceName of names) {
      const [old, next] = [before.configs(resourceType, resourceName), after.configs(resourceType, resourceName)]
      for (const name of new Set([...old.keys(), ...next.keys()])) {
        if (old.get(name) === next.get(name)) continue
        delta.config({ resourceType, resourceName, name, before: old.get(name), after: next.get(name) })
      }
    }
  }
}

interface Change<T> {
  readonly id: number
  readonly before: T | undefined
  readonly after: T | undefined
}

function noteById<T extends { readonly id: number }>(
  before: Iterable<T>,
  after: Iterable<T>,
  note: (change: Change<T>) => void,
): void {
  const old = new Map([...before].map((each) => [each.id, each]))
  const next = new Map([...after].map((each) => [each.id, each]))
  for (const [id, each] of old) if (!next.has(id)) note({ id, before: each, after: undefined })
  for (const [id, each] of next) {
    const known = old.get(id)
    if (known === undefined || !isEqual(known, each)) note({ id, before: known, after: each })
  }
}

/** Registrations are plain data, made in one place each: equal text is equal content. */
function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
