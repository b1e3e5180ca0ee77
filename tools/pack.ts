/**
 * What npm gets: packages as JavaScript, with declarations. `npm run pack -- client` makes the client and the packages of
 * ours that it depends upon, in `dist/npm/`, ready for `npm publish`.
 *
 * Each package is bundled by itself into a file for each of its entry points and for what it imports dynamically: a
 * module costs about half a millisecond of CPU to find, read and link, and the client has a hundred of them (decision 13).
 * Other packages stay imports; ours as well, but for the client and the testkit, which hold what is below them.
 */
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import process from 'node:process'
import { rolldown, type Plugin } from 'rolldown'
import { ensurePinnedNode, repositoryRoot } from './pinned-node.ts'
import { isOfClient, precompiledModule, recordStartCodecs, type StartCodec } from './start-codecs.ts'

interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
}

/** Bundled together with what is below them of ours: a process begins with one of these, and waits for each file (decision 28). */
const whole = new Set(['client'])

/**
 * Packs packages, and those of ours that they depend upon.
 * @param into directory that becomes `<into>/@braidlog/<name>/…`; what was there of these is replaced
 * @param declarations also for TypeScript, which takes a compiler run
 */
export async function pack(
  names: readonly string[],
  into: string,
  { declarations }: { readonly declarations: boolean },
): Promise<string[]> {
  const closure = withDependencies(names)
  const codecs = recordStartCodecs()
  for (const name of closure) await packOne(name, join(into, '@braidlog', name), codecs)
  if (declarations) declare(closure, into)
  return closure
}

/** A directory in which packed packages are installed, with what they depend upon from here. */
export async function installPacked(names: readonly string[], home: string): Promise<string[]> {
  const modules = join(home, 'node_modules')
  const packed = await pack(names, modules, { declarations: false })
  for (const name of packed) {
    for (const dependency of Object.keys(manifestOf(name).dependencies ?? {})) {
      const link = join(modules, dependency)
      if (existsSync(link)) continue
      mkdirSync(dirname(link), { recursive: true })
      symlinkSync(join(repositoryRoot, 'node_modules', dependency), link)
    }
  }
  return packed
}

/** Those named and those they depend upon, each once. */
function withDependencies(names: readonly string[]): string[] {
  const found = new Set<string>()
  const visit = (name: string): void => {
    if (found.has(name)) return
    found.add(name)
    for (const dependency of Object.keys(manifestOf(name).dependencies ?? {})) {
      if (dependency.startsWith('@braidlog/')) visit(basename(dependency))
    }
  }
  for (const name of names) visit(name)
  return [...found]
}

async function packOne(name: string, directory: string, codecs: readonly StartCodec[]): Promise<void> {
  const source = join(repositoryRoot, 'packages', name)
  const manifest = manifestOf(name)
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  const script = join(source, 'npm')
  if (existsSync(script)) return await packScript(manifest, script, directory, codecs)
  const isWhole = whole.has(name)
  const bundle = await rolldown({
    cwd: source,
    input: entriesOf(source, manifest),
    platform: 'node',
    external: (id) => isOfOthers(id) || (!isWhole && id.startsWith('@braidlog/')),
    plugins: [withCodecs(codecs.filter(isOfClient))],
    // Some modules are imported both ways: from the start by one, by name by another.
    checks: { ineffectiveDynamicImport: false },
  })
  await bundle.write({
    dir: join(directory, 'dist'),
    format: 'esm',
    sourcemap: true,
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name].js',
  })
  await bundle.close()
  writeManifest(manifest, directory, isWhole ? closedDependencies(name) : (manifest.dependencies ?? {}))
}

/**
 * A package of which a process needs all at once, with everything of ours below it in one script; its `npm` directory has
 * the entry point and what evaluates the script (decision 28).
 */
async function packScript(
  manifest: Manifest,
  npm: string,
  directory: string,
  codecs: readonly StartCodec[],
): Promise<void> {
  const bundle = await rolldown({
    input: join(npm, '..', 'src', 'index.ts'),
    platform: 'node',
    external: isOfOthers,
    plugins: [withCodecs(codecs)],
    checks: { ineffectiveDynamicImport: false },
  })
  const file = join(directory, 'dist', `${basename(manifest.name)}.cjs`)
  await bundle.write({ file, format: 'cjs', codeSplitting: false, sourcemap: true, comments: false })
  await bundle.close()
  // One character beyond Latin-1 would make V8 hold all of it in two bytes each. Without comments they stand in literals.
  writeFileSync(file, readFileSync(file, 'utf8').replace(/[^\0-\x7f]/g, asEscape))
  for (const each of readdirSync(npm)) copyFileSync(join(npm, each), join(directory, 'dist', each))
  writeManifest(manifest, directory, closedDependencies(basename(manifest.name)))
}

const isOfOthers = (id: string): boolean => !id.startsWith('.') && !id.startsWith('/') && !id.startsWith('@braidlog/')

/** Those of a package and of all of ours below it: what is imported from there must be found from here. */
function closedDependencies(name: string): Record<string, string> {
  return Object.assign({}, ...withDependencies([name]).map((each) => manifestOf(each).dependencies ?? {})) as Record<
    string,
    string
  >
}

const asEscape = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Replaces the protocol's empty list of codecs that were made beforehand. */
function withCodecs(codecs: readonly StartCodec[]): Plugin {
  const place = join(repositoryRoot, 'packages', 'protocol', 'src', 'precompiled.ts')
  return { name: 'codecs', load: (id) => (id === place ? precompiledModule(codecs) : null) }
}

function writeManifest(manifest: Manifest, directory: string, dependencies: Readonly<Record<string, string>>): void {
  const exported = Object.entries(manifest.exports).map(([key, path]) => [
    key,
    { types: path.replace('./src/', './types/').replace(/\.ts$/, '.d.ts'), default: distOf(path) },
  ])
  const published = {
    ...manifest,
    dependencies,
    exports: Object.fromEntries(exported) as unknown,
    files: ['dist', 'types'],
  }
  writeFileSync(join(directory, 'package.json'), `${JSON.stringify(published, null, 2)}\n`)
  copyFileSync(join(repositoryRoot, 'LICENSE'), join(directory, 'LICENSE'))
}

/** Entry points by the path that they get below `dist`; a pattern stands for every file that it matches. */
function entriesOf(source: string, { exports }: Manifest): Record<string, string> {
  const entries: Record<string, string> = {}
  for (const pattern of Object.values(exports)) {
    for (const file of globSync(pattern, { cwd: source })) {
      entries[file.replace(/^src\//, '').replace(/\.ts$/, '')] = join(source, file)
    }
  }
  return entries
}

const distOf = (path: string): string => path.replace('./src/', './dist/').replace(/\.ts$/, '.js')

function manifestOf(name: string): Manifest {
  return JSON.parse(readFileSync(join(repositoryRoot, 'packages', name, 'package.json'), 'utf8')) as Manifest
}

function declare(names: readonly string[], into: string): void {
  for (const name of names) {
    const config = join(into, `tsconfig.${name}.json`)
    const source = join(repositoryRoot, 'packages', name, 'src')
    const compilerOptions = {
      noEmit: false,
      emitDeclarationOnly: true,
      declaration: true,
      rootDir: source,
      outDir: join(into, '@braidlog', name, 'types'),
    }
    writeFileSync(
      config,
      JSON.stringify({ extends: join(repositoryRoot, 'tsconfig.json'), compilerOptions, include: [source] }),
    )
    try {
      execFileSync(join(repositoryRoot, 'node_modules', '.bin', 'tsc'), ['-p', config], { stdio: 'inherit' })
    } finally {
      rmSync(config)
    }
  }
}

if (import.meta.main) {
  ensurePinnedNode()
  const names = process.argv.slice(2)
  if (names.length === 0) {
    process.stderr.write('Which packages? For example: npm run pack -- client\n')
    process.exit(2)
  }
  const into = join(repositoryRoot, 'dist', 'npm')
  const packed = await pack(names, into, { declarations: true })
  process.stdout.write(`${packed.map((name) => join(into, '@braidlog', name)).join('\n')}\n`)
}
