/** Which subject the schema of a topic's keys or values is registered under. */
import { SerdeError } from './errors.ts'
import type { RegistryClient } from './registry-client.ts'

export type SubjectStrategy =
  /** `orders-value`, `orders-key`. */
  | 'topicName'
  /** The full name of the record or message, in every topic. */
  | 'recordName'
  /** `orders-shop.Order`. */
  | 'topicRecordName'
  /** What the registry associates with the topic; `topicName` where there is nothing. */
  | 'associatedName'

export interface SubjectOf {
  readonly topic: string
  readonly isKey: boolean
  /** Of the record or message; undefined where the schema has no name or is not known yet. */
  readonly recordName: string | undefined
}

/** A strategy, or a function of one's own. */
export type Subject = SubjectStrategy | ((of: SubjectOf) => string)

/** @returns the subject, or a promise of it where the registry has to be asked */
export function subjectOf(subject: Subject, of: SubjectOf, registry: RegistryClient): string | Promise<string> {
  if (typeof subject === 'function') return subject(of)
  const { topic, isKey } = of
  const byTopic = `${topic}-${isKey ? 'key' : 'value'}`
  switch (subject) {
    case 'topicName':
      return byTopic
    case 'recordName':
      return nameOf(of)
    case 'topicRecordName':
      return `${topic}-${nameOf(of)}`
    case 'associatedName':
      return registry.associated(topic, isKey ? 'key' : 'value').then((found) => found ?? byTopic)
    default:
      throw new SerdeError('INVALID_OPTION', `subject: there is no strategy '${String(subject satisfies never)}'`)
  }
}

function nameOf({ topic, recordName }: SubjectOf): string {
  if (recordName !== undefined) return recordName
  throw new SerdeError(
    'INVALID_OPTION',
    `${topic}: a subject by record name needs a schema with a name; give the serde one, or use the topic's name`,
  )
}
