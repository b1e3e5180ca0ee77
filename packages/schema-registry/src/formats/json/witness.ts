/**
 * Counter-examples for JSON Schemas: small values near a change, embedded into a document of the writer's, tried until the writer
 * accepts one and the reader refuses it. Nothing is claimed that was not tried.
 */
import { JsonNumber, printJson, type JsonValue } from '../json-text.ts'
import { WITNESS_SIZE_MAX, WITNESS_STEPS_MAX } from '../limits.ts'
import { accepts } from './accepts.ts'
import { patternSample } from './pattern.ts'
import type { ArrayShape, ObjectShape, Shape, Shapes, StringShape } from './shape.ts'

export interface WitnessSearch {
  readonly writer: Shapes
  readonly reader: Shapes
  /** The schemas at the place of the change. */
  readonly writerSchema: Shape | JsonValue | undefined
  readonly readerSchema: Shape | JsonValue | undefined
  readonly candidates: readonly JsonValue[]
  readonly embedding: (value: JsonValue) => JsonValue | undefined
}

/** @returns JSON text */
export function findWitness(search: WitnessSearch): string | undefined {
  const budget = { steps: 0 }
  const local = [
    ...search.candidates,
    ...(search.readerSchema === undefined ? [] : samples(search.reader, search.readerSchema, 0, budget)),
    ...(search.writerSchema === undefined ? [] : samples(search.writer, search.writerSchema, 0, budget)),
    ...ANY,
  ]
  // Members the reader knows, in an object the writer would make.
  const blended = blend(search, budget)
  const steps = { left: TRIAL_STEPS_MAX }
  let best: string | undefined
  for (const value of [...local, ...blended]) {
    const document = search.embedding(value)
    if (document === undefined) continue
    const text = printJson(document)
    if (text.length > WITNESS_SIZE_MAX || (best !== undefined && text.length >= best.length)) continue
    if (accepts(search.writer, search.writer.document.root, document, steps) !== true) continue
    if (accepts(search.reader, search.reader.document.root, document, steps) === false) best = text
  }
  return best
}

const ZERO = JsonNumber.of(0)
const ANY: readonly JsonValue[] = [
  null,
  false,
  ZERO,
  JsonNumber.of(0.5),
  JsonNumber.of(-1),
  '',
  'a',
  [],
  [ZERO, ZERO],
  new Map(),
]
/** Steps of the validator for all trials of one search. */
const TRIAL_STEPS_MAX = 50_000
const SAMPLES_MAX = 60
const DEPTH_MAX = 6

type Budget = { steps: number }

function blend({ writer, reader, writerSchema, readerSchema }: WitnessSearch, budget: Budget): readonly JsonValue[] {
  const [w, r] = [objectOf(writer, writerSchema), objectOf(reader, readerSchema)]
  if (w === undefined) return []
  const all: JsonValue[] = []
  const base = smallestObject(writer, w, 0, budget)
  for (const [name, schema] of [...(r?.properties ?? []), ...w.properties]) {
    const own = w.properties.get(name)
    for (const value of [
      ...(own === undefined ? [] : samples(writer, own, 1, budget)),
      ...samples(reader, schema, 1, budget),
      ...ANY,
    ].slice(0, 20)) {
      all.push(new Map(base).set(name, value))
      if (all.length > 400) return all
    }
  }
  return all
}

function objectOf(shapes: Shapes, schema: Shape | JsonValue | undefined): ObjectShape | undefined {
  const shape = schema === undefined ? undefined : shapes.of(schema)
  if (shape?.kind === 'object') return shape
  if (shape?.kind !== 'product') return undefined
  return shape.aspects.map((aspect) => aspect.shape).find((aspect) => aspect.kind === 'object')
}

/** Values worth trying for a schema, the smallest first; not all of them are accepted by it. */
export function samples(
  shapes: Shapes,
  schema: Shape | JsonValue,
  depth: number,
  budget: Budget,
): readonly JsonValue[] {
  if (++budget.steps > WITNESS_STEPS_MAX || depth > DEPTH_MAX) return []
  const shape = shapes.of(schema)
  const list = samplesOf(shapes, shape, depth, budget)
  return list.length > SAMPLES_MAX ? list.slice(0, SAMPLES_MAX) : list
}

function samplesOf(shapes: Shapes, shape: Shape, depth: number, budget: Budget): readonly JsonValue[] {
  switch (shape.kind) {
    case 'true':
      return ANY
    case 'false':
      return []
    case 'null':
      return [null]
    case 'boolean':
      return [false, true]
    case 'enum':
      return shape.values
    case 'string':
      return stringSamples(shape)
    case 'number': {
      const edges = [
        shape.minimum,
        shape.maximum,
        shape.exclusiveMinimum,
        shape.exclusiveMaximum,
        shape.multipleOf,
      ].filter((edge) => edge !== undefined)
      return [0, 1, ...edges.flatMap((edge) => [edge, edge + 1, edge - 1, edge * 2]), 0.5].map((value) =>
        JsonNumber.of(value),
      )
    }
    case 'object':
      return objectSamples(shapes, shape, depth, budget)
    case 'array':
      return arraySamples(shapes, shape, depth, budget)
    case 'combined': {
      const each = shape.branches.map((branch) => samples(shapes, branch.shape, depth + 1, budget))
      return shape.criterion === 'allOf' ? [...merged(each), ...each.flat()] : each.flatMap((list) => list.slice(0, 15))
    }
    case 'product': {
      const each = shape.aspects.map((aspect) => samples(shapes, aspect.shape, depth + 1, budget))
      return [...merged(each), ...each.flatMap((list) => list.slice(0, 20))]
    }
    case 'not':
      return [...ANY, ...samples(shapes, shape.inner, depth + 1, budget)]
    case 'conditional':
      return [shape.test, shape.whenTrue ?? true, shape.whenFalse ?? true].flatMap((schema) =>
        samples(shapes, schema, depth + 1, budget).slice(0, 15),
      )
    default:
      return shape satisfies never
  }
}

/** One object with the members of the first object of each list. */
function merged(lists: readonly (readonly JsonValue[])[]): readonly JsonValue[] {
  const objects = lists.flatMap((list) => list.find((value) => value instanceof Map) ?? [])
  if (objects.length < 2) return []
  return [new Map(objects.flatMap((object) => [...(object as ReadonlyMap<string, JsonValue>)]))]
}

function stringSamples({ minLength, maxLength, pattern }: StringShape): readonly JsonValue[] {
  const lengths = [0, 1, minLength, maxLength, (minLength ?? 1) - 1, (maxLength ?? 0) + 1].filter(
    (size) => size !== undefined && size >= 0 && size <= 4096,
  )
  const plain = [...new Set(lengths)].map((size) => 'a'.repeat(size as number))
  const fitting = pattern === undefined ? undefined : patternSample(pattern)
  return fitting === undefined ? plain : [fitting, fitting.padEnd(minLength ?? 0, 'a'), ...plain]
}

function objectSamples(shapes: Shapes, shape: ObjectShape, depth: number, budget: Budget): readonly JsonValue[] {
  const base = smallestObject(shapes, shape, depth, budget)
  const list: JsonValue[] = [base]
  for (const [name, schema] of shape.properties) {
    for (const value of samples(shapes, schema, depth + 1, budget).slice(0, 3))
      list.push(new Map(base).set(name, value))
    if (list.length > SAMPLES_MAX) break
  }
  for (const value of [ZERO, '', null]) list.push(new Map(base).set(freshName(shape), value))
  const counts = [shape.minProperties, shape.maxProperties].flatMap((count) =>
    count === undefined ? [] : [count, count + 1],
  )
  for (const count of counts) if (count <= 100) list.push(padded(base, shape, count))
  return list
}

function smallestObject(
  shapes: Shapes,
  shape: ObjectShape,
  depth: number,
  budget: Budget,
): ReadonlyMap<string, JsonValue> {
  const object = new Map<string, JsonValue>()
  for (const name of shape.required) {
    const schema = shape.properties.get(name) ?? patternSchema(shapes, shape, name) ?? shape.additionalProperties
    object.set(name, smallestAccepted(shapes, schema, depth + 1, budget) ?? null)
  }
  return shape.minProperties !== undefined && shape.minProperties <= 100
    ? padded(object, shape, shape.minProperties)
    : object
}

function padded(
  object: ReadonlyMap<string, JsonValue>,
  shape: ObjectShape,
  count: number,
): ReadonlyMap<string, JsonValue> {
  const all = new Map(object)
  for (let i = 0; all.size < count && i < 200; i++) all.set(`p${i}`, ZERO)
  return all.size === 0 && count > 0 ? new Map([[freshName(shape), ZERO]]) : all
}

function patternSchema(shapes: Shapes, shape: ObjectShape, name: string): JsonValue | undefined {
  return [...shape.patternProperties].find(([pattern]) => shapes.matches(pattern, name) === true)?.[1]
}

/** A property the schema does not declare. */
function freshName(shape: ObjectShape): string {
  let name = 'x'
  while (shape.properties.has(name)) name += 'x'
  return name
}

function arraySamples(shapes: Shapes, shape: ArrayShape, depth: number, budget: Budget): readonly JsonValue[] {
  const base = smallestArray(shapes, shape, depth, budget)
  const list: JsonValue[] = [base]
  const next = shape.prefix[base.length] ?? shape.rest ?? true
  for (const value of [...samples(shapes, next, depth + 1, budget).slice(0, 5), ZERO, ''])
    list.push([...base, value], [...base, value, value])
  if (shape.contains !== undefined)
    for (const value of samples(shapes, shape.contains, depth + 1, budget).slice(0, 3)) list.push([...base, value])
  const filler = smallestAccepted(shapes, next, depth + 1, budget) ?? null
  for (const size of [shape.minItems, shape.maxItems].flatMap((count) =>
    count === undefined ? [] : [count - 1, count, count + 1],
  )) {
    if (size > base.length && size <= 200)
      list.push([...base, ...Array.from({ length: size - base.length }, () => filler)])
  }
  return list
}

function smallestArray(shapes: Shapes, shape: ArrayShape, depth: number, budget: Budget): readonly JsonValue[] {
  const items: JsonValue[] = []
  const size = Math.min(shape.minItems ?? 0, 200)
  for (let i = 0; i < size; i++)
    items.push(smallestAccepted(shapes, shape.prefix[i] ?? shape.rest ?? true, depth + 1, budget) ?? null)
  return items
}

function smallestAccepted(
  shapes: Shapes,
  schema: Shape | JsonValue,
  depth: number,
  budget: Budget,
): JsonValue | undefined {
  return samples(shapes, schema, depth, budget).find((value) => accepts(shapes, schema, value, { left: 1000 }) === true)
}

/** Each shape belongs to one document, so its smallest object never changes. */
const bases = new WeakMap<ObjectShape, ReadonlyMap<string, JsonValue>>()

/** The smallest object of a shape, with a property of this value. @param name undefined: one the schema does not declare */
export function withProperty(
  shapes: Shapes,
  shape: ObjectShape,
  name: string | undefined,
  value: JsonValue,
): JsonValue {
  let base = bases.get(shape)
  if (base === undefined) {
    base = smallestObject(shapes, shape, 0, { steps: 0 })
    bases.set(shape, base)
  }
  return new Map(base).set(name ?? freshName(shape), value)
}

/** The smallest array of a shape that has this value at `index`. */
export function withItem(shapes: Shapes, shape: ArrayShape, index: number, value: JsonValue): JsonValue {
  const budget = { steps: 0 }
  const items = [...smallestArray(shapes, shape, 0, budget)]
  for (let i = items.length; i < Math.min(index, 200); i++) {
    items.push(smallestAccepted(shapes, shape.prefix[i] ?? shape.rest ?? true, 1, budget) ?? null)
  }
  items[index] = value
  return items
}
