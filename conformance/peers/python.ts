/**
 * The two Python clients: kafka-python (the protocol written anew in Python) and confluent-kafka (over librdkafka).
 *
 * Both come from PyPI in pinned versions, into a virtual environment under `.cache/`, and never touch the system's Python.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensurePackages, ensureProgram } from './debian.ts'
import { cacheDirectory } from './kafka.ts'
import { run, type RunOptions, type RunResult } from './process.ts'

const requirements = ['kafka-python==3.0.12', 'confluent-kafka==2.16.1']

let environment: Promise<string> | undefined

/** Runs a script of ours under the virtual environment's interpreter. */
export async function python(script: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  environment ??= ensureEnvironment()
  return run(await environment, ['-u', '-B', script, ...args], options)
}

async function ensureEnvironment(): Promise<string> {
  const home = join(cacheDirectory, 'python')
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
