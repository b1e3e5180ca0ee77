/** Several of our nodes as one command starts them: `braidlog dev --brokers N`. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { freePorts, start } from '../conformance/peers/process.ts'
import { withDirectory } from './temporary.ts'
import type { Properties } from './servers.ts'

const program = join(import.meta.dirname, '..', 'packages', 'cli', 'bin', 'braidlog.js')

export interface SeveralBrokers {
  /** Of one of them; the others are in the metadata. */
  readonly port: number
  /** Of all processes: the nodes and the one that watches them. */
  readonly pids: readonly number[]
}

export async function withSeveralBrokers<T>(
  count: number,
  properties: Properties,
  use: (brokers: SeveralBrokers) => Promise<T>,
): Promise<T> {
  return withDirectory(async (directory) => {
    const [port] = await freePorts(1)
    const configs = Object.entries(properties).flatMap(([key, value]) => ['--config', `${key}=${value}`])
    const child = start(process.execPath, [
      program,
      'dev',
      '--brokers',
      String(count),
      '--data',
      directory,
      '--no-registry',
      '--port',
      String(port),
      ...configs,
    ])
    try {
      await child.line(/nodes are up/, 60_000)
      return await use({ port: port!, pids: [child.pid, ...childrenOf(child.pid)] })
    } finally {
      await child.stop()
    }
  })
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return text === '' ? [] : text.split(' ').map(Number)
}
