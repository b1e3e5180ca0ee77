/** Random Avro schemas as JSON values, with named types, references to them, recursion, unions and defaults. */
import fc from 'fast-check'

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

const PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const

/** Every number in the list is one decision, so that shrinking and mutating keep to valid schemas. */
export function avroSchema(): fc.Arbitrary<Json> {
  return fc.array(fc.nat(1000), { minLength: 8, maxLength: 60 }).map(buildAvro)
}

/** A schema and one that differs from it by a few decisions. */
export function avroPair(): fc.Arbitrary<readonly [Json, Json]> {
  return fc
    .tuple(
      fc.array(fc.nat(1000), { minLength: 8, maxLength: 60 }),
      fc.array(fc.tuple(fc.nat(), fc.nat(1000)), { maxLength: 3 }),
    )
    .map(([decisions, edits]) => {
      const edited = [...decisions]
      for (const [at, value] of edits) edited[at % edited.length] = value
      return [buildAvro(decisions), buildAvro(edited)] as const
    })
}

function buildAvro(decisions: readonly number[]): Json {
  let at = 0
  const next = (below: number): number => (at < decisions.length ? (decisions[at++] as number) % below : 0)
  const names: string[] = []

  function type(depth: number, inUnion = false): Json {
    const choice = depth > 3 ? next(8) : next(inUnion ? 17 : 20)
    if (choice < 8) return PRIMITIVES[choice] as string
    if (choice === 8 && names.length > 0) return names[next(names.length)] as string
    if (choice < 10) return { type: 'array', items: type(depth + 1) }
    if (choice < 11) return { type: 'map', values: type(depth + 1) }
    if (choice < 13) return enumType()
    if (choice < 14) return { type: 'fixed', ...named(define()), size: next(3) }
    if (choice < 17) return record(depth)
    return union(depth)
  }

  function define(): string {
    const name = `T${names.length}`
    const full = next(2) === 0 ? name : `ns${next(2)}.${name}`
    names.push(full)
    return full.includes('.') ? full : name
  }

  /** Inside a record with a namespace a short name would mean another one: every definition carries its own. */
  function named(name: string): { readonly [key: string]: Json } {
    return { name, ...(name.includes('.') ? {} : { namespace: '' }) }
  }

  function enumType(): Json {
    const name = define()
    const symbols = ['A', 'B', 'C'].slice(0, 1 + next(3))
    return { type: 'enum', ...named(name), symbols, ...(next(3) === 0 ? { default: 'A' } : {}) }
  }

  function record(depth: number): Json {
    const name = define()
    const fields: Json[] = []
    for (let count = next(4); count > 0; count--) {
      const field: { [name: string]: Json } = { name: `f${fields.length + next(2) * 10}`, type: type(depth + 1) }
      const fallback = next(2) === 0 ? defaultOf(field['type'] as Json) : undefined
      if (fallback !== undefined) field['default'] = fallback
      if (next(4) === 0) field['aliases'] = [`f${next(14)}`]
      if (next(6) === 0) field['doc'] = 'text'
      fields.push(field)
    }
    return { type: 'record', ...named(name), fields }
  }

  function union(depth: number): Json {
    const branches: Json[] = next(2) === 0 ? ['null'] : []
    const seen = new Set<string>(branches.map(String))
    for (let count = 1 + next(3); count > 0; count--) {
      const defined = names.length
      const branch = type(depth + 1, true)
      const key = typeof branch === 'string' ? branch : keyOf(branch)
      if (seen.has(key)) {
        // What it defined goes with it.
        names.length = defined
        continue
      }
      seen.add(key)
      branches.push(branch)
    }
    return branches
  }

  return type(0)
}

function keyOf(value: Json): string {
  const { type, name } = value as { [name: string]: Json }
  return (name ?? type) as string
}

function defaultOf(type: Json): Json | undefined {
  if (Array.isArray(type)) return defaultOf(type[0] ?? null)
  if (typeof type === 'object') {
    if (type?.['type'] === 'array') return []
    if (type?.['type'] === 'map') return {}
    if (type?.['type'] === 'enum') return 'A'
    return undefined
  }
  switch (type) {
    case 'null':
      return null
    case 'boolean':
      return false
    case 'int':
    case 'long':
    case 'float':
    case 'double':
      return 0
    case 'bytes':
    case 'string':
      return ''
    default:
      return undefined
  }
}
