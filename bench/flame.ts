/**
 * A CPU profile of V8 as a flame graph (SVG) and as a list of the functions that took the most time themselves.
 *
 * The graph reads from the top down: below a function stand those it called; the width is the time, the order means nothing. Idle time is
 * left out, equal callees of one caller are one box, and what is too narrow to be seen is not drawn.
 */
import { relative } from 'node:path'

export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
    readonly children?: readonly number[]
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

export interface Frame {
  readonly name: string
  /** Where it comes from: a path in this repository, `node:…`, a package, or `native`. */
  readonly place: string
  readonly children: Map<string, Frame>
  selfMs: number
  totalMs: number
}

/** Its functions call each other once for each level of imports: a hundred boxes that say one thing. */
const loader = 'node:internal/modules'

/** The tree of calls. @param root directory against which paths are shortened */
export function framesOf(profile: CpuProfile, root: string): Frame {
  const selfMs = new Map<number, number>()
  for (const [index, id] of profile.samples.entries()) {
    selfMs.set(id, (selfMs.get(id) ?? 0) + Math.max(0, profile.timeDeltas[index]!) / 1000)
  }
  const byId = new Map(profile.nodes.map((node) => [node.id, node]))
  const top = frame('all', '')
  const add = (id: number, into: Frame): number => {
    const node = byId.get(id)!
    const { functionName, url, lineNumber } = node.callFrame
    if (functionName === '(idle)') return 0
    let target = into
    const isLoading = url.startsWith(loader)
    if (functionName !== '(root)' && !(isLoading && into.place === loader)) {
      const [name, place] = isLoading
        ? ['loading of modules', loader]
        : [functionName || '(anonymous)', placeOf(url, lineNumber, root)]
      const key = `${name} ${place}`
      target = into.children.get(key) ?? frame(name, place)
      into.children.set(key, target)
    }
    const self = selfMs.get(id) ?? 0
    target.selfMs += self
    let total = self
    for (const child of node.children ?? []) total += add(child, target)
    target.totalMs += total
    return total
  }
  add(profile.nodes[0]!.id, top)
  return top
}

export interface SelfTime {
  readonly name: string
  readonly place: string
  /** Of all time that was not idle. */
  readonly share: number
}

/** The functions with the most time of their own, wherever they were called from. */
export function topOf(tree: Frame, count: number): SelfTime[] {
  const selfMs = new Map<string, { name: string; place: string; ms: number }>()
  const visit = (each: Frame): void => {
    const key = `${each.name} ${each.place}`
    const sum = selfMs.get(key)
    if (sum === undefined) selfMs.set(key, { name: each.name, place: each.place, ms: each.selfMs })
    else sum.ms += each.selfMs
    for (const child of each.children.values()) visit(child)
  }
  visit(tree)
  return [...selfMs.values()]
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, count)
    .map(({ name, place, ms }) => ({ name, place, share: ms / tree.totalMs }))
}

const width = 1200
const rowHeight = 17
const narrowest = 2

export function flameGraph(tree: Frame, title: string): string {
  const boxes: string[] = []
  let depthMax = 0
  const draw = (each: Frame, x: number, depth: number): void => {
    const size = (each.totalMs / tree.totalMs) * width
    if (size < narrowest) return
    depthMax = Math.max(depthMax, depth)
    const y = 24 + depth * rowHeight
    const percent = ((each.totalMs / tree.totalMs) * 100).toFixed(1)
    const label = `${each.name}${each.place === '' ? '' : ` ${each.place}`}`
    const room = Math.floor((size - 4) / 6.2)
    const text = room < 3 ? '' : `<text x="${fixed(x + 2)}" y="${y + 12}">${escape(label.slice(0, room))}</text>`
    boxes.push(
      `<g><title>${escape(label)}: ${percent} %</title><rect x="${fixed(x)}" y="${y}" width="${fixed(size)}" height="${rowHeight - 1}" fill="${colourOf(each)}"/>${text}</g>`,
    )
    let at = x
    for (const child of [...each.children.values()].toSorted((a, b) => b.totalMs - a.totalMs)) {
      draw(child, at, depth + 1)
      at += (child.totalMs / tree.totalMs) * width
    }
  }
  draw(tree, 0, 0)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${24 + (depthMax + 1) * rowHeight}" font-family="ui-monospace, monospace" font-size="10">`,
    `<text x="2" y="15" font-size="13" fill="#777">${escape(title)}</text>`,
    ...boxes,
    '</svg>',
    '',
  ].join('\n')
}

function frame(name: string, place: string): Frame {
  return { name, place, children: new Map(), selfMs: 0, totalMs: 0 }
}

function placeOf(url: string, lineNumber: number, root: string): string {
  if (url === '') return 'native'
  if (!url.startsWith('file:')) return url
  // What was packed for a run lies in a directory of its own, as if it were here.
  const path = relative(root, new URL(url).pathname).replace(/^(?:\.\.\/)+.*\/braidlog-bench-[^/]+\//, 'bench/')
  const inPackage = path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)
  return inPackage === null ? `${path}:${lineNumber + 1}` : inPackage[1]!
}

/** Ours, Node's, other packages', and native code: system calls, compilers, garbage collection. */
function colourOf({ place, name }: Frame): string {
  if (name === 'all') return '#d5d5d5'
  if (place === 'native') return '#c9b8e0'
  if (place.startsWith('node:')) return '#b5cdea'
  return place.startsWith('packages/') || place.startsWith('bench/') ? '#f2c08a' : '#bfdcb4'
}

const fixed = (value: number): string => String(Number(value.toFixed(1)))
const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
