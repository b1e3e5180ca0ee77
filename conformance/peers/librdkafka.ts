/**
 * librdkafka 2.15 from source: its own test runner and its load generator.
 *
 * The sources come inside npm tarballs (`npm pack`, nothing is installed or run): @confluentinc/kafka-javascript has the library with its
 * complete tests, node-rdkafka has the examples. Built once into `.cache/`; the folder appears by rename when all of it has been built.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ensurePackages, ensureProgram, findProgram } from './debian.ts'
import { cacheDirectory } from './kafka.ts'
import { run } from './process.ts'

const librarySource = '@confluentinc/kafka-javascript@1.10.1'
const examplesSource = 'node-rdkafka@3.6.1'
const home = join(cacheDirectory, 'librdkafka-2.15.1')
const buildTimeoutMs = 20 * 60_000

/** Without the headers of libzstd and RapidJSON, what needs them is silently left out, and its tests with it. */
const buildPackages = ['gcc', 'g++', 'make', 'zlib1g-dev', 'libssl-dev', 'libzstd-dev', 'rapidjson-dev']

export interface Librdkafka {
  /** The source tree; `tests/test-runner` and `examples/rdkafka_performance` are built in it. */
  readonly home: string
  readonly testsDirectory: string
  readonly performance: string
  /** What its programs need, lest they load the system's older library. */
  readonly env: { readonly LD_LIBRARY_PATH: string }
}

let built: Promise<Librdkafka> | undefined

/** The built tree; builds it when it is not there yet, which takes five minutes of CPU time. */
export function ensureLibrdkafka(): Promise<Librdkafka> {
  return (built ??= buildUnlessBuilt())
}

function tree(): Librdkafka {
  return {
    home,
    testsDirectory: join(home, 'tests'),
    performance: join(home, 'examples', 'rdkafka_performance'),
    env: { LD_LIBRARY_PATH: `${join(home, 'src')}:${join(home, 'src-cpp')}` },
  }
}

async function buildUnlessBuilt(): Promise<Librdkafka> {
  const result = tree()
  if (existsSync(join(result.testsDirectory, 'test-runner')) && existsSync(result.performance)) return result
  await ensurePackages(buildPackages)
  mkdirSync(cacheDirectory, { recursive: true })
  const work = mkdtempSync(join(cacheDirectory, 'librdkafka-building-'))
  try {
    const source = await unpack(librarySource, 'package/deps/librdkafka', work)
    const examples = await unpack(examplesSource, 'package/deps/librdkafka/examples', work)
    cpSync(examples, join(source, 'examples'), { recursive: true })
    const make = async (args: readonly string[]): Promise<unknown> =>
      run('nice', ['-n', '10', 'make', '-j2', '-s', ...args], { cwd: source, timeoutMs: buildTimeoutMs })
    await run('bash', ['./configure', '--disable-curl', '--disable-sasl'], { cwd: source, timeoutMs: 120_000 })
    await make(['-C', 'src'])
    await make(['-C', 'src-cpp'])
    await make(['-C', 'examples', 'rdkafka_performance'])
    await make(['-C', 'tests', 'test-runner'])
    rmSync(home, { recursive: true, force: true })
    renameSync(source, home)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return result
}

/** Downloads a package's tarball and unpacks one folder of it. */
async function unpack(specifier: string, folder: string, work: string): Promise<string> {
  // The npm beside the system's node; the pinned Node.js brings none.
  const npm = findProgram('npm') ?? (await ensureProgram('npm', 'npm'))
  const target = join(work, specifier.replaceAll(/[^a-z0-9]/g, '-'))
  mkdirSync(target, { recursive: true })
  const { stdout } = await run(npm, ['pack', '--silent', '--ignore-scripts', specifier], {
    cwd: target,
    timeoutMs: 180_000,
  })
  const tarball = stdout.trim().split('\n').at(-1)!
  await run('tar', ['xzf', join(target, tarball), '-C', target, folder])
  return join(target, folder)
}
