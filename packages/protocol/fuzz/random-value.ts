/**
 * Random values of a declared message, from a seed: complete (every field is there), valid for the version, small.
 * Extremes come up often: empty, null, the ends of the integer ranges, text outside ASCII.
 */
import { below, randomBytes, type Random } from '@braidlog/base'
import { randomUuid, ZERO_UUID } from '@braidlog/model'
import type { Field, Fields, MessageDeclaration, ScalarType } from '../src/declare.ts'
import { defaultOf } from '../src/interpreter.ts'
import { isNullable, isPresent } from '../src/version-range.ts'

const TEXTS = ['', 'a', 'topic-1', 'clé', '主题', '🦆', 'x'.repeat(60), 'é'.repeat(200)]
const BYTE_SIZES = [0, 1, 7, 100, 5000]

export interface RandomValueOptions {
  /** Elements of an array at most. */
  readonly lengthMax?: number
}

export function randomValue(
  declaration: MessageDeclaration,
  version: number,
  random: Random,
  options: RandomValueOptions = {},
): Record<string, unknown> {
  const lengthMax = options.lengthMax ?? 3

  function struct(fields: Fields): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [
        name,
        isPresent(field, version) ? fieldValue(field) : defaultOf(field),
      ]),
    )
  }

  function fieldValue(field: Field<unknown>): unknown {
    if (isNullable(field, version) && below(random, 4) === 0) return null
    // Often the default, so that tagged fields are left out as often as not.
    if (field.tagged !== undefined && below(random, 2) === 0) {
      const value = defaultOf(field)
      if (value !== null || isNullable(field, version)) return value
    }
    if (field.type === 'struct') return struct(field.fields!)
    if (field.type !== 'array') return scalar(field.type)
    return Array.from({ length: below(random, lengthMax + 1) }, () =>
      field.element === 'struct' ? struct(field.fields!) : scalar(field.element!),
    )
  }

  function scalar(type: ScalarType): unknown {
    switch (type) {
      case 'bool':
        return below(random, 2) === 1
      case 'int8':
        return integer(-0x80, 0x7f)
      case 'int16':
        return integer(-0x8000, 0x7fff)
      case 'uint16':
        return integer(0, 0xffff)
      case 'int32':
        return integer(-0x80000000, 0x7fffffff)
      case 'uint32':
        return integer(0, 0xffffffff)
      case 'int64':
        return int64()
      case 'float64':
        return below(random, 8) === 0 ? Infinity : (random.uint32() - 2 ** 31) / 1024
      case 'uuid':
        return below(random, 4) === 0 ? ZERO_UUID : randomUuid(random)
      case 'string':
        return TEXTS[below(random, TEXTS.length)]
      case 'bytes':
      case 'records':
        return randomBytes(random, BYTE_SIZES[below(random, BYTE_SIZES.length)]!)
      default:
        return type satisfies never
    }
  }

  function integer(min: number, max: number): number {
    const kind = below(random, 8)
    if (kind === 0) return min
    if (kind === 1) return max
    if (kind < 5) return below(random, 100)
    return min + below(random, 2 ** 16) * Math.floor((max - min) / 2 ** 16)
  }

  function int64(): number {
    const kind = below(random, 8)
    if (kind === 0) return Infinity
    if (kind === 1) return -Infinity
    if (kind === 2) return Number.MAX_SAFE_INTEGER
    if (kind === 3) return Number.MIN_SAFE_INTEGER
    const magnitude = random.uint32() * below(random, 2 ** 20)
    return below(random, 2) === 0 ? magnitude : -magnitude - 1
  }

  return struct(declaration.fields)
}
