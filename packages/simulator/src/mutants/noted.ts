/** Writes a seed into the source of a list of planted bugs. */

/** @returns the source with that seed in the entry of that name; `undefined`: it has no such entry */
export function noted(source: string, name: string, seed: number): string | undefined {
  const at = source.indexOf(`    name: '${name}',\n`)
  if (at < 0) return undefined
  const end = source.indexOf('\n  },\n', at)
  const entry = source.slice(at, end).replace(/\n    seed: \d+,/, '')
  return `${source.slice(0, at)}${entry}\n    seed: ${seed},${source.slice(end)}`
}
