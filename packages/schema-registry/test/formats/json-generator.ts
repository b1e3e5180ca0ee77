/** Random JSON Schemas of draft 7, with references, combinations and recursion. */
import fc from 'fast-check'

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

export function jsonSchema(): fc.Arbitrary<Json> {
  return fc.array(fc.nat(1000), { minLength: 8, maxLength: 60 }).map((decisions) => buildJson(decisions))
}

/** A schema and one that differs from it by a few decisions. */
export function jsonPair(): fc.Arbitrary<readonly [Json, Json]> {
  return fc
    .tuple(
      fc.array(fc.nat(1000), { minLength: 8, maxLength: 60 }),
      fc.array(fc.tuple(fc.nat(), fc.nat(1000)), { maxLength: 3 }),
    )
    .map(([decisions, edits]) => {
      const edited = [...decisions]
      for (const [at, value] of edits) edited[at % edited.length] = value
      return [buildJson(edited), buildJson(decisions)] as const
    })
}

function buildJson(decisions: readonly number[]): Json {
  let at = 0
  const next = (below: number): number => (at < decisions.length ? (decisions[at++] as number) % below : 0)

  function schema(depth: number): Json {
    const choice = next(depth > 2 ? 6 : 16)
    switch (choice) {
      case 0:
        return {
          type: 'string',
          ...some('maxLength', 2 + next(3)),
          ...some('minLength', next(3)),
          ...some('pattern', ['^a', 'b$', '[0-9]'][next(3)] ?? ''),
        }
      case 1:
        return { type: 'integer', ...some('maximum', next(5)), ...some('minimum', -next(3)) }
      case 2:
        return { type: 'number', ...some('multipleOf', 1 + next(4)), ...some('exclusiveMaximum', 5 + next(3)) }
      case 3:
        return { type: ['string', 'null', 'integer'].slice(0, 1 + next(3)) }
      case 4:
        return next(2) === 0 ? {} : { type: 'boolean' }
      case 5:
        return { enum: ['a', 1, null].slice(0, 1 + next(3)) as Json[], ...some('type', 'string') }
      case 6:
      case 7:
      case 8:
      case 9:
      case 10:
        return object(depth)
      case 11:
        return {
          type: 'array',
          ...some('items', schema(depth + 1)),
          ...some('minItems', next(2)),
          ...some('uniqueItems', true),
        }
      case 12:
        return {
          type: 'array',
          items: [schema(depth + 1), schema(depth + 1)].slice(0, 1 + next(2)),
          ...some('additionalItems', false),
        }
      case 13:
        return { anyOf: Array.from({ length: 1 + next(3) }, () => schema(depth + 1)) }
      case 14:
        return { allOf: Array.from({ length: 1 + next(2) }, () => schema(depth + 1)) }
      default:
        return next(2) === 0 ? { $ref: '#/definitions/node' } : { not: schema(depth + 1) }
    }
  }

  function some(keyword: string, value: Json): { [name: string]: Json } {
    return next(3) === 0 ? { [keyword]: value } : {}
  }

  function object(depth: number): Json {
    const properties: { [name: string]: Json } = {}
    const required: string[] = []
    for (let count = next(4); count > 0; count--) {
      const name = ['a', 'b', 'ab', 'c'][next(4)] ?? 'a'
      const property = schema(depth + 1)
      properties[name] = property
      if (next(3) === 0 && !required.includes(name)) required.push(name)
    }
    const additional: Json | undefined = next(2) === 0 ? false : next(2) === 0 ? schema(depth + 1) : undefined
    return {
      type: 'object',
      properties,
      ...(required.length > 0 ? { required } : {}),
      ...(additional === undefined ? {} : { additionalProperties: additional }),
      ...some('patternProperties', { '^a': schema(3) }),
      ...some('maxProperties', 1 + next(3)),
    }
  }

  const root = schema(0)
  return typeof root === 'object' && root !== null && !Array.isArray(root)
    ? { ...root, definitions: { node: object(1) } }
    : root
}
