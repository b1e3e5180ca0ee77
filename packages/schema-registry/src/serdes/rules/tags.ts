/**
 * Tags that a schema's metadata gives to fields: path patterns to tags. In a pattern `*` stands for one part of a name, or a piece
 * of it, `**` for any number of parts.
 */
import type { Metadata } from '../../core/entities.ts'

/** @returns the tags of a field by its full name, `shop.Order.customer` */
export function tagsOf(metadata: Metadata | undefined): (fullName: string) => readonly string[] {
  const patterns = Object.entries(metadata?.tags ?? {}).map(([path, tags]) => ({ parts: path.split('.'), tags }))
  if (patterns.length === 0) return () => []
  const known = new Map<string, readonly string[]>()
  return (fullName) => {
    let tags = known.get(fullName)
    if (tags === undefined) {
      const name = fullName.split('.')
      tags = [...new Set(patterns.flatMap(({ parts, tags: each }) => (matches(parts, name) ? each : [])))]
      known.set(fullName, tags)
    }
    return tags
  }
}

/** Part by part, left to right; cells[j]: the pattern so far matches the first j parts of the name. */
function matches(pattern: readonly string[], name: readonly string[]): boolean {
  let cells = Array.from({ length: name.length + 1 }, (_, j) => j === 0)
  for (const part of pattern) {
    const next = cells.map(() => false)
    for (let j = 0; j <= name.length; j++) {
      if (part === '**') next[j] = cells[j]! || (j > 0 && next[j - 1]!)
      else next[j] = j > 0 && cells[j - 1]! && matchesPart(part, name[j - 1]!)
    }
    cells = next
  }
  return cells[name.length]!
}

function matchesPart(pattern: string, text: string): boolean {
  const pieces = pattern.split('*')
  if (pieces.length === 1) return pattern === text
  if (!text.startsWith(pieces[0]!)) return false
  let at = pieces[0]!.length
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  const last = pieces.at(-1)!
  return text.length - last.length >= at && text.endsWith(last)
}
