/**
 * The house rules that no linter knows, as tests: layers, cycles, banned calls in machines, a doc comment at the head of
 * every file, blob sizes, unused golden files, undeclared dependencies, forbidden words.
 *
 * Each rule reports every offender at once, so that one run shows all there is to do.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { layers, machines, nodeFree } from './layers.ts'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const BLOB_SIZE_BYTES_MAX = 100_000
const FILE_LINES_MAX = 1_000

/** Tracked and new files, as git sees them; ignored ones are nobody's business. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)))
const sources = files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
const text = new Map(sources.map((file) => [file, readFileSync(join(root, file), 'utf8')]))

/**
 * Import specifiers of a file, static and dynamic. Comments are stripped first so that examples in docs do not count, and
 * only single quotes do (the formatter's), so that Protobuf text inside a string does not.
 */
function importsOf(file: string): string[] {
  const code = text
    .get(file)!
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
  const found: string[] = []
  for (const match of code.matchAll(/(?:^|[\s;])(?:import|export)\s(?:[^']*?\sfrom\s)?\s*'([^']+)'/g))
    found.push(match[1]!)
  for (const match of code.matchAll(/\bimport\(\s*'([^']+)'/g)) found.push(match[1]!)
  return found
}

function packageOf(file: string): { name: string; folder: string; manifest: Manifest } | undefined {
  for (let folder = dirname(file); folder !== '.'; folder = dirname(folder)) {
    const path = join(root, folder, 'package.json')
    if (existsSync(path)) {
      const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest
      return { name: manifest.name, folder, manifest }
    }
  }
  return undefined
}

interface Manifest {
  name: string
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

/** `@scope/name/path` → `@scope/name`. */
const bareName = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

const rootManifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest
const workspaceSources = sources.filter((file) => /^packages\/[^/]+\/src\//.test(file))

function report(rule: string, offenders: readonly string[]): void {
  assert.equal(offenders.length, 0, `${rule}:\n  ${offenders.join('\n  ')}`)
}

test('every package stands in the layer table, and the table names only packages that exist', () => {
  const packages = new Set(
    files.filter((file) => /^packages\/[^/]+\/package\.json$/.test(file)).map((file) => packageOf(file)!.name),
  )
  report(
    'not in tools/layers.ts',
    [...packages].filter((name) => !(name in layers)),
  )
  report(
    'in tools/layers.ts but not in packages/',
    Object.keys(layers).filter((name) => !packages.has(name)),
  )
})

test('packages import only what the layer table allows and their package.json declares', () => {
  const offenders: string[] = []
  for (const file of workspaceSources) {
    const owner = packageOf(file)!
    for (const specifier of importsOf(file)) {
      if (specifier.startsWith('.') || specifier.startsWith('node:')) continue
      const name = bareName(specifier)
      if (!(name in (owner.manifest.dependencies ?? {}))) offenders.push(`${file}: ${name} is not in its package.json`)
      if (name in layers && !layers[owner.name]!.includes(name))
        offenders.push(`${file}: ${owner.name} may not import ${name}`)
    }
  }
  report('imports that are not allowed', offenders)
})

test('tests, benches and tools import only declared packages', () => {
  const offenders: string[] = []
  for (const file of sources) {
    if (workspaceSources.includes(file)) continue
    const declared = { ...rootManifest.devDependencies, ...rootManifest.dependencies }
    const owner = packageOf(file)
    if (owner)
      Object.assign(declared, owner.manifest.dependencies, owner.manifest.devDependencies, { [owner.name]: '' })
    for (const specifier of importsOf(file)) {
      if (specifier.startsWith('.') || specifier.startsWith('node:')) continue
      const name = bareName(specifier)
      if (!(name in declared) && !(name in layers)) offenders.push(`${file}: ${name}`)
    }
  }
  report('undeclared dependencies', offenders)
})

test('declared dependencies are used', () => {
  const offenders: string[] = []
  for (const manifest of files.filter((file) => /^packages\/[^/]+\/package\.json$/.test(file))) {
    const folder = dirname(manifest)
    const used = new Set(
      sources.filter((file) => file.startsWith(`${folder}/`)).flatMap((file) => importsOf(file).map(bareName)),
    )
    for (const name of Object.keys(packageOf(manifest)!.manifest.dependencies ?? {})) {
      if (!used.has(name)) offenders.push(`${folder}: ${name}`)
    }
  }
  report('declared but never imported', offenders)
})

test('relative imports stay inside their package', () => {
  const offenders: string[] = []
  for (const file of workspaceSources) {
    const owner = packageOf(file)!
    for (const specifier of importsOf(file)) {
      if (!specifier.startsWith('.')) continue
      const target = relative(root, resolve(root, dirname(file), specifier))
      if (!target.startsWith(`${owner.folder}/`)) offenders.push(`${file}: ${specifier}`)
      else if (!existsSync(join(root, target))) offenders.push(`${file}: ${specifier} does not exist`)
    }
  }
  report('imports across package borders by path', offenders)
})

test('there is no import cycle between modules', () => {
  const edges = new Map<string, string[]>()
  for (const file of workspaceSources) {
    const targets = importsOf(file)
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => relative(root, resolve(root, dirname(file), specifier)))
    // A type-only import vanishes when the program runs, so it cannot close a cycle of initialisation.
    const typeOnly = new Set(
      [...text.get(file)!.matchAll(/import type [^'"]*from\s+['"]([^'"]+)['"]/g)].map((match) =>
        relative(root, resolve(root, dirname(file), match[1]!)),
      ),
    )
    edges.set(
      file,
      targets.filter((target) => !typeOnly.has(target)),
    )
  }
  const state = new Map<string, 'open' | 'done'>()
  const cycles: string[] = []
  const visit = (file: string, path: string[]): void => {
    if (state.get(file) === 'done') return
    if (state.get(file) === 'open') {
      cycles.push([...path.slice(path.indexOf(file)), file].join(' → '))
      return
    }
    state.set(file, 'open')
    for (const target of edges.get(file) ?? []) visit(target, [...path, file])
    state.set(file, 'done')
  }
  for (const file of edges.keys()) visit(file, [])
  report('import cycles', cycles)
})

const BANNED_WITHOUT_NODE: readonly [RegExp, string][] = [
  [/\bDate\.now\b|\bnew Date\(\)/, 'the clock is an input'],
  [/\bMath\.random\b/, 'randomness is an input'],
  [/\b(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/, 'timers are an input'],
  [/\bprocess\.|\bBuffer\.|\bconsole\./, 'Node is not known here'],
  [/from ['"]node:/, 'Node is not known here'],
]
const BANNED_IN_MACHINES: readonly [RegExp, string][] = [
  [/\bawait\b|\basync\b|\bPromise\b/, 'machines are synchronous'],
]

test('Node-free folders use no clock, randomness, timers or Node; machines use no promises', () => {
  const offenders: string[] = []
  const check = (folders: readonly string[], banned: readonly [RegExp, string][]): void => {
    for (const file of sources.filter((name) => folders.some((folder) => name.startsWith(`${folder}/`)))) {
      const code = text.get(file)!.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ''))
      for (const [index, line] of code.split('\n').entries()) {
        const bare = line
          .replace(/\/\/.*$/, '')
          .replace(/'(?:[^'\\]|\\.)*'/g, (s) => (line.includes('from ') ? s : "''"))
        for (const [pattern, reason] of banned) {
          if (pattern.test(bare)) offenders.push(`${file}:${index + 1}: ${reason}: ${line.trim()}`)
        }
      }
    }
  }
  check(nodeFree, BANNED_WITHOUT_NODE)
  check(machines, BANNED_IN_MACHINES)
  report('banned calls', offenders)
})

test('every source file opens with a doc comment', () => {
  report(
    'no doc comment at the head',
    sources.filter((file) => !/^(?:#!.*\n)?\/\*\*/.test(text.get(file)!)),
  )
})

test('no source file has grown a second concept', () => {
  report(
    `longer than ${FILE_LINES_MAX} lines`,
    sources.filter((file) => text.get(file)!.split('\n').length > FILE_LINES_MAX),
  )
})

test('no blob is larger than 100 kB', () => {
  const generated = new Set(['package-lock.json', 'bench/history.jsonl'])
  report(
    'too large',
    files.filter((file) => !generated.has(file) && statSync(join(root, file)).size > BLOB_SIZE_BYTES_MAX),
  )
})

test('every golden file is used by a test', () => {
  const golden = files.filter((file) => /\/(?:golden|testdata)\//.test(file))
  const tests = sources.filter((file) => file.includes('.test.')).map((file) => [file, text.get(file)!] as const)
  report(
    'unused golden files',
    golden.filter((file) => {
      const name = file
        .split('/')
        .at(-1)!
        .replace(/\.[^.]+$/, '')
      const home = packageOf(file)?.folder ?? dirname(file)
      // A test uses a golden file when it names it, or when it walks the folder that holds it.
      return !tests.some(
        ([test, code]) => test.startsWith(home) && (code.includes(name) || /golden|testdata/.test(code)),
      )
    }),
  )
})

test('leftovers and forbidden words are absent', () => {
  const offenders: string[] = []
  const words: readonly [RegExp, string][] = [
    [new RegExp('\\bFIX' + 'ME\\b'), 'leftover'],
    [new RegExp('\\bX' + 'XX\\b'), 'leftover'],
    [/\bit\.only\(|\btest\.only\(|\bdescribe\.only\(/, 'a focused test hides the others'],
    [/\/work\/(?!\.\.)|\/tmp\/brief/, 'a path of one machine'],
  ]
  for (const file of files.filter(
    (name) => /\.(?:ts|md|json|sh|yml|yaml)$/.test(name) && name !== 'package-lock.json',
  )) {
    if (file === 'tools/tidy.test.ts') continue
    const lines = readFileSync(join(root, file), 'utf8').split('\n')
    for (const [index, line] of lines.entries()) {
      for (const [pattern, reason] of words) if (pattern.test(line)) offenders.push(`${file}:${index + 1}: ${reason}`)
    }
  }
  report('leftovers', offenders)
})

test('links in the documentation lead somewhere', () => {
  const offenders: string[] = []
  for (const file of files.filter((name) => name.endsWith('.md'))) {
    const body = readFileSync(join(root, file), 'utf8').replace(/```[\s\S]*?```/g, '')
    for (const match of body.matchAll(/\]\(([^)\s]+)\)/g)) {
      const target = match[1]!.split('#')[0]!
      if (target === '' || /^[a-z]+:/.test(target)) continue
      if (!existsSync(resolve(root, dirname(file), target))) offenders.push(`${file}: ${match[1]}`)
    }
  }
  report('dead links', offenders)
})
