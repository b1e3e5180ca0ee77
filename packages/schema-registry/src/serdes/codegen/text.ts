/** Names and texts of generated TypeScript. */

/** `order_line`, `shop.order-line` → `OrderLine`, `ShopOrderLine`; a name that begins with a digit gets a `_`. */
export function typeName(name: string): string {
  const words = name.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '')
  const joined = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('')
  if (joined === '') return 'Unnamed'
  return /^\p{N}/u.test(joined) ? `_${joined}` : joined
}

export function valueName(type: string): string {
  return type[0]!.toLowerCase() + type.slice(1)
}

const IDENTIFIER = /^[\p{L}_$][\p{L}\p{N}_$]*$/u

export function member(name: string): string {
  return IDENTIFIER.test(name) ? name : literal(name)
}

/** Single-quoted. */
export function literal(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}

/** As a template string: schemas are read by people. */
export function template(text: string): string {
  return `\`${text.replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${')}\``
}

export function docComment(text: string | undefined, indent: string): string {
  const lines = (text ?? '').replaceAll('*/', '* /').trim().split(/\r?\n/)
  if (lines.length === 1) return lines[0] === '' ? '' : `${indent}/** ${lines[0]} */\n`
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join('\n')}\n${indent} */\n`
}

/** @param members each with its line end */
export function block(members: readonly string[]): string {
  return members.length === 0 ? '{}' : `{\n${members.join('')}}`
}

/** Union members in order, each once; in parentheses where something follows. */
export function union(types: readonly string[]): string {
  const all = [...new Set(types)]
  return all.includes('unknown') ? 'unknown' : all.length === 0 ? 'never' : all.join(' | ')
}

export function arrayOf(type: string): string {
  return /[ |&]/.test(type) ? `Array<${type}>` : `${type}[]`
}

/** Gives every key a name of its own: the wanted one, else with what sets it apart, else with a number. */
export class Names<K> {
  readonly #names = new Map<K, string>()
  readonly #taken: Set<string>

  constructor(reserved: Iterable<string> = []) {
    this.#taken = new Set(reserved)
  }

  of(key: K, ...wanted: readonly string[]): string {
    const known = this.#names.get(key)
    if (known !== undefined) return known
    let name = wanted.find((each) => !this.#taken.has(each))
    for (let i = 2; name === undefined; i++) if (!this.#taken.has(`${wanted[0]!}${i}`)) name = `${wanted[0]!}${i}`
    this.#taken.add(name)
    this.#names.set(key, name)
    return name
  }

  has(key: K): boolean {
    return this.#names.has(key)
  }
}
