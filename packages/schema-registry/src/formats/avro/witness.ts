/**
 * Smallest values of Avro types in Avro's JSON encoding, and how a value in one place becomes a whole document.
 * Source: Avro specification, "JSON Encoding".
 */
import { quote } from '../json-text.ts'
import { WITNESS_SIZE_MAX, WITNESS_STEPS_MAX } from '../limits.ts'
import { isNamed, type AvroField, type AvroRecord, type AvroType } from './type.ts'

/** From the JSON text of a value to that of what surrounds it; undefined if no finite document has it there. */
export type Embedding = (value: string) => string | undefined

export const embed = {
  item: (value: string): string => `[${value}]`,
  value: (value: string): string => `{"key":${value}}`,
  branch: (branch: AvroType, value: string): string =>
    branch.kind === 'null' ? 'null' : `{${quote(branchName(branch))}:${value}}`,
  /** A record of smallest values but for one field. */
  field: (record: AvroRecord, field: AvroField, value: string): string | undefined =>
    recordText(record, field, value, { inside: new Set([record]), unwrapped: false, budget: { steps: 0 } }),
} as const

export interface WitnessOptions {
  /** As a default is written: union values without the name of their branch. */
  readonly unwrapped?: boolean
}

/** @returns undefined for types without a finite value (a record that holds itself, an enum without symbols) */
export function smallestValue(type: AvroType, options: WitnessOptions = {}): string | undefined {
  return smallest(type, { inside: new Set(), unwrapped: options.unwrapped ?? false, budget: { steps: 0 } })
}

interface Search {
  /** The records being built: none holds itself. */
  readonly inside: ReadonlySet<AvroRecord>
  readonly unwrapped: boolean
  readonly budget: { steps: number }
}

function smallest(type: AvroType, search: Search): string | undefined {
  if (++search.budget.steps > WITNESS_STEPS_MAX) return undefined
  switch (type.kind) {
    case 'null':
      return 'null'
    case 'boolean':
      return 'false'
    case 'int':
    case 'long':
      return '0'
    case 'float':
    case 'double':
      return '0.0'
    case 'bytes':
    case 'string':
      return '""'
    case 'array':
      return '[]'
    case 'map':
      return '{}'
    case 'fixed':
      return type.sizeBytes > WITNESS_SIZE_MAX / 6 ? undefined : `"${'\\u0000'.repeat(type.sizeBytes)}"`
    case 'enum': {
      const [first] = type.symbols
      return first === undefined ? undefined : quote(first)
    }
    case 'union':
      for (const branch of type.branches) {
        const value = smallest(branch, search)
        if (value !== undefined) return search.unwrapped ? value : embed.branch(branch, value)
      }
      return undefined
    case 'record':
      if (search.inside.has(type) || search.inside.size > 100) return undefined
      return recordText(type, undefined, '', { ...search, inside: new Set([...search.inside, type]) })
    default:
      return type satisfies never
  }
}

function recordText(
  record: AvroRecord,
  given: AvroField | undefined,
  value: string,
  search: Search,
): string | undefined {
  const members: string[] = []
  let sizeChars = 0
  for (const field of record.fields) {
    const text = field === given ? value : smallest(field.type, search)
    if (text === undefined) return undefined
    sizeChars += text.length + field.name.length
    if (sizeChars > WITNESS_SIZE_MAX) return undefined
    members.push(`${quote(field.name)}:${text}`)
  }
  return `{${members.join(',')}}`
}

function branchName(branch: AvroType): string {
  return isNamed(branch) ? branch.fullName : branch.kind
}
