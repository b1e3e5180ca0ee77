/**
 * Our own server as a child process, started and stopped in the way of `startKafka`.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts, start } from './process.ts'
import type { PeerServer, PeerServerOptions } from './server.ts'

export interface BraidlogOptions extends PeerServerOptions {
  /** Flags of Node.js, such as those of a profiler. */
  readonly nodeFlags?: readonly string[]
  readonly startTimeoutMs?: number
  /** `cli` starts it as users do, with `braidlog start`; default is a program of the suite, which logs to standard error. */
  readonly entry?: 'suite' | 'cli'
}

const suiteEntry = { args: [join(import.meta.dirname, 'braidlog-main.ts')], ready: /^ready \{/m }
const cliEntry = {
  args: [
    join(import.meta.dirname, '..', '..', 'packages', 'cli', 'bin', 'braidlog.js'),
    'start',
    '--log-level',
    'warn',
  ],
  ready: /^Braidlog node /m,
}

/** Starts one node on a free port and resolves once it listens. */
export async function startBraidlog(options: BraidlogOptions = {}): Promise<PeerServer> {
  const work = mkdtempSync(join(tmpdir(), 'braidlog-node-'))
  const dir = options.dir ?? join(work, 'data')
  mkdirSync(dir, { recursive: true })
  const [port, controllerPort] = options.ports ?? ((await freePorts(2)) as [number, number])
  const bootstrap = `127.0.0.1:${port}`
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${bootstrap}`,
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.bootstrap.servers': `127.0.0.1:${controllerPort}`,
    'log.dirs': dir,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 8,
    'group.initial.rebalance.delay.ms': 0,
    ...options.properties,
  }
  const propertiesFile = join(work, 'server.properties')
  const lines = Object.entries(properties).map(([key, value]) => `${key}=${value}\n`)
  writeFileSync(propertiesFile, lines.join(''))
  const entry = options.entry === 'cli' ? cliEntry : suiteEntry
  const child = start(process.execPath, [...(options.nodeFlags ?? []), ...entry.args, propertiesFile])
  const cleanUp = (): void => rmSync(work, { recursive: true, force: true })
  try {
    await child.line(entry.ready, options.startTimeoutMs ?? 30_000)
  } catch (error) {
    await child.kill()
    cleanUp()
    throw error
  }
  return {
    name: 'braidlog',
    host: '127.0.0.1',
    port,
    bootstrap,
    pid: child.pid,
    dir,
    log: () => child.tail(),
    async stop() {
      await child.stop(60_000)
      cleanUp()
      if (child.exitCode() !== 0) throw new Error(`Braidlog ended with ${child.exitCode()}\n${child.tail()}`)
    },
    async kill() {
      await child.kill()
      cleanUp()
    },
  }
}
