/** Sentences for changes of JSON Schemas: what changed where, and the edit that would undo the harm. */
import type { ChangeDetail } from './compare.ts'

export interface DescribedChange {
  readonly type: string
  readonly path: string
  readonly detail: ChangeDetail
  readonly editable: 'reader' | 'writer'
}

export function describeChange({ type, path, detail, editable }: DescribedChange): {
  readonly description: string
  readonly fix: string
} {
  // Types are named as if the writer's schema had been changed into the reader's.
  const [from, to] = editable === 'reader' ? ['old', 'new'] : ['new', 'old']
  return { description: descriptionOf(type, path, detail, from, to), fix: fixOf(type, detail, editable) }
}

function descriptionOf(
  type: string,
  path: string,
  { keyword, from: was, to: is }: ChangeDetail,
  from: string,
  to: string,
): string {
  const at = `at path '${path}'`
  if (keyword !== undefined) {
    const values = was === undefined && is === undefined ? '' : ` (${from}: ${was ?? 'none'}, ${to}: ${is ?? 'none'})`
    return `The keyword ${at} in the ${to} schema is not compatible with the ${from} schema${values}`
  }
  if (/^(PROPERTY|ITEM)_REMOVED_FROM_CLOSED|_WITH_FALSE_/.test(type)) {
    return `The ${to} schema has a closed content model and lacks the property or item ${at} of the ${from} schema`
  }
  if (/ADDED_TO_OPEN/.test(type)) {
    return `The ${from} schema has an open content model and the ${to} schema binds a property or item ${at} that was free before`
  }
  if (/REQUIRED_PROPERTY_ADDED/.test(type))
    return `The ${to} schema requires the property ${at}, which the ${from} schema lacks`
  if (/REMOVED_NOT_COVERED/.test(type)) {
    return `The property or item ${at} of the ${from} schema is missing in the ${to} schema, whose partially open content model does not cover it`
  }
  if (/ADDED_NOT_COVERED/.test(type)) {
    return `The property or item ${at} of the ${to} schema is missing in the ${from} schema, whose partially open content model admits other values`
  }
  if (type === 'REQUIRED_ATTRIBUTE_ADDED')
    return `The ${to} schema requires the property ${at}, the ${from} schema does not`
  if (type === 'SUM_TYPE_NARROWED') return `The ${to} schema lost a branch or type ${at} that the ${from} schema has`
  if (type === 'PRODUCT_TYPE_EXTENDED') return `The ${to} schema demands more ${at} than the ${from} schema`
  if (type.startsWith('COMBINED_TYPE'))
    return `A combination ${at} in the ${to} schema does not match the ${from} schema`
  if (type === 'NOT_TYPE_EXTENDED') return `The ${to} schema forbids more ${at} than the ${from} schema`
  if (type.startsWith('TYPE_')) return `The type ${at} in the ${to} schema does not match the ${from} schema`
  return `The schema ${at} in the ${to} schema is not compatible with the ${from} schema`
}

function fixOf(type: string, detail: ChangeDetail, editable: 'reader' | 'writer'): string {
  const { keyword, name } = detail
  const isReader = editable === 'reader'
  if (keyword !== undefined) {
    const wanted = isReader ? detail.from : detail.to
    return wanted === undefined
      ? `remove ${JSON.stringify(keyword)}`
      : `set ${JSON.stringify(keyword)} back to ${wanted}`
  }
  if (name === undefined)
    return isReader ? 'keep what the old schema allows here' : 'allow no more here than the old schema does'
  const property = JSON.stringify(name)
  if (!isReader)
    return type.includes('_ADDED')
      ? `keep ${property}, with the schema it had`
      : `remove ${property}, or bind it as the old schema does`
  if (type.startsWith('REQUIRED_ATTRIBUTE')) return `give ${property} a default, or do not require it`
  if (type.startsWith('REQUIRED_PROPERTY')) return `do not require ${property}, or give it a default`
  if (type === 'OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL') {
    return `declare ${property} with the empty schema {}, or set the subject's compatibility policy to LENIENT; with "additionalProperties": false from the first version on, optional properties can be added`
  }
  if (type.includes('REMOVED_FROM_CLOSED')) return `keep ${property}, or remove "additionalProperties": false`
  if (type.includes('REMOVED_NOT_COVERED')) return `keep ${property}, or widen "additionalProperties" to admit it`
  if (type.includes('ADDED_NOT_COVERED'))
    return `give ${property} a schema that admits all the old "additionalProperties" or "patternProperties" do`
  return `give ${property} the schema it had`
}
