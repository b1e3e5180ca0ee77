/** Well-known messages between their JavaScript value and an object with their fields; one level, the codec does the rest. */
import { SerdeError } from '../errors.ts'
import type { MessageType } from './message.ts'

type Fields = Readonly<Record<string, unknown>>

/** @throws SerdeError INVALID_VALUE */
export function fieldsOf(value: unknown, { form, fullName }: MessageType): unknown {
  switch (form) {
    case 'wrapper':
      return { value }
    case 'struct':
      return { fields: value }
    case 'list':
      return { values: value }
    case 'timestamp': {
      if (!(value instanceof Date)) return value
      const ms = value.getTime()
      if (Number.isNaN(ms)) throw new SerdeError('INVALID_VALUE', `${fullName}: the Date is none`)
      const seconds = Math.floor(ms / 1000)
      return { seconds, nanos: (ms - seconds * 1000) * 1_000_000 }
    }
    case 'value':
      if (value === null) return { nullValue: 0 }
      if (typeof value === 'number') return { numberValue: value }
      if (typeof value === 'string') return { stringValue: value }
      if (typeof value === 'boolean') return { boolValue: value }
      if (Array.isArray(value)) return { listValue: value }
      if (typeof value === 'object') return { structValue: value }
      throw new SerdeError('INVALID_VALUE', `${fullName}: a ${typeof value} has no place in JSON`)
    case 'plain':
      return value
    default:
      return form satisfies never
  }
}

export function valueOf(fields: unknown, { form }: MessageType): unknown {
  const members = fields as Fields
  switch (form) {
    case 'wrapper':
      return members['value']
    case 'struct':
      return members['fields']
    case 'list':
      return members['values']
    case 'value':
      return (
        members['structValue'] ??
        members['listValue'] ??
        members['stringValue'] ??
        members['numberValue'] ??
        members['boolValue'] ??
        null
      )
    case 'plain':
    case 'timestamp':
      return fields
    default:
      return form satisfies never
  }
}

/** Of a field that is null: only for JSON's values that means something. */
export function isAbsent(value: unknown, message: MessageType | undefined): boolean {
  return value === undefined || (value === null && message?.form !== 'value')
}
