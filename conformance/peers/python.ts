/**
 * The two Python clients: kafka-python (the protocol written anew in Python) and confluent-kafka (over librdkafka).
 *
 * Both come from PyPI in pinned versions, into a virtual environment under `.cache/`, and never touch the system's Python.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensurePackages, ensureProgram } from './debian.ts'
import { cacheDirectory } from './kafka.ts'
import { run, start, type RunningChild, type RunOptions, type RunResult } from './process.ts'

/** Environments by the name of their folder. */
const environments = {
  python: ['kafka-python==3.0.12', 'confluent-kafka==2.16.1'],
  /** confluent-kafka with its client of schema registries and the serializers, which bring packages of their own. */
  'python-registry': ['confluent-kafka[schemaregistry,avro,json,protobuf]==2.16.0'],
} as const
type EnvironmentName = keyof typeof environments

const ensured = new Map<EnvironmentName, Promise<string>>()

/** Runs a script of ours under the virtual environment's interpreter. */
export async function python(
  script: string,
  args: readonly string[],
  { environment = 'python', ...options }: RunOptions & { readonly environment?: EnvironmentName } = {},
): Promise<RunResult> {
  return run(await interpreterOf(environment), ['-u', '-B', script, ...args], options)
}

/** Starts a script of ours that goes on until it is stopped. */
export async function startPython(script: string, args: readonly string[]): Promise<RunningChild> {
  return start(await interpreterOf('python'), ['-u', '-B', script, ...args])
}

function interpreterOf(name: EnvironmentName): Promise<string> {
  const interpreter = ensured.get(name) ?? ensureEnvironment(name)
  ensured.set(name, interpreter)
  return interpreter
}

async function ensureEnvironment(name: EnvironmentName): Promise<string> {
  const requirements = environments[name]
  const home = join(cacheDirectory, name)
  const stamp = join(home, 'requirements')
  const interpreter = join(home, 'bin', 'python3')
  const wanted = requirements.join('\n')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return interpreter
  const system = await ensureProgram('python3', 'python3')
  mkdirSync(cacheDirectory, { recursive: true })
  rmSync(home, { recursive: true, force: true })
  try {
    await run(system, ['-m', 'venv', home], { timeoutMs: 120_000 })
  } catch {
    // Debian ships venv apart from Python.
    await ensurePackages(['python3-venv'])
    rmSync(home, { recursive: true, force: true })
    await run(system, ['-m', 'venv', home], { timeoutMs: 120_000 })
  }
  await run(interpreter, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...requirements], {
    timeoutMs: 300_000,
  })
  writeFileSync(stamp, wanted)
  return interpreter
}
