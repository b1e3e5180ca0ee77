/**
 * Apache Kafka as a peer: its jars from Maven Central, its command-line tools, and a single-node KRaft broker.
 *
 * The jars are resolved once into `.cache/kafka-<version>/`; the folder appears by rename, so that several test processes may ask at the
 * same time and an interrupted download is never taken for a whole one. The version stands in `pom.xml` beside this file.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureJava, ensureMaven } from './java.ts'
import { eventually, freePorts, run, start, type RunningChild, type RunOptions, type RunResult } from './process.ts'
import type { PeerServer, PeerServerOptions } from './server.ts'

/** `.cache/` of the repository: what peers need and git does not keep. */
export const cacheDirectory = join(import.meta.dirname, '..', '..', '.cache')

const pomFile = join(import.meta.dirname, 'pom.xml')

export const kafkaVersion = readFileSync(pomFile, 'utf8').match(/<kafka\.version>([^<]+)</)![1]!

/** JVM flags that suit short tests: a small heap, one collector thread, the quick compiler only. */
const testJvmFlags = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto']

/** JVM flags that Apache Kafka's start script uses by default: for measurements. */
export const defaultJvmFlags = [
  '-Xmx1G',
  '-Xms1G',
  '-server',
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:InitiatingHeapOccupancyPercent=35',
  '-XX:+ExplicitGCInvokesConcurrent',
  '-XX:MaxInlineLevel=15',
]

let resolved: Promise<string> | undefined

/** Class path of broker, tools, shell and clients; resolves the jars when they are not there yet. */
export function classPath(): Promise<string> {
  return (resolved ??= resolveJars().then((libs) => join(libs, '*')))
}

async function resolveJars(): Promise<string> {
  const home = join(cacheDirectory, `kafka-${kafkaVersion}`)
  const libs = join(home, 'libs')
  const stamp = join(home, 'pom.xml')
  const isCurrent = (): boolean => existsSync(stamp) && readFileSync(stamp, 'utf8') === readFileSync(pomFile, 'utf8')
  if (isCurrent()) return libs
  const maven = await ensureMaven()
  mkdirSync(cacheDirectory, { recursive: true })
  const fresh = mkdtempSync(join(cacheDirectory, 'kafka-resolving-'))
  try {
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${join(fresh, 'libs')}`]
    await run(maven, ['-B', '-q', '-f', pomFile, ...goal], { timeoutMs: 600_000 })
    cpSync(pomFile, join(fresh, 'pom.xml'))
    if (existsSync(home) && !isCurrent()) rmSync(home, { recursive: true, force: true })
    try {
      renameSync(fresh, home)
    } catch (error) {
      if (!isCurrent()) throw error // Another process was faster: its folder is as good.
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
  return libs
}

export interface JavaOptions extends RunOptions {
  /** Replaces the flags for short tests. */
  readonly jvmFlags?: readonly string[]
  /** Put before Apache Kafka's jars. */
  readonly extraClassPath?: readonly string[]
}

async function javaArguments(
  mainClass: string,
  args: readonly string[],
  options: JavaOptions,
  logLevel: string,
): Promise<string[]> {
  return [
    ...(options.jvmFlags ?? testJvmFlags),
    '-Djava.awt.headless=true',
    `-Dlog4j2.configurationFile=${join(import.meta.dirname, 'log4j2.properties')}`,
    `-Dpeer.log.level=${logLevel}`,
    '-cp',
    [...(options.extraClassPath ?? []), await classPath()].join(':'),
    mainClass,
    ...args,
  ]
}

/** Runs one of Apache Kafka's programs to its end, such as `org.apache.kafka.tools.TopicCommand`. */
export async function runTool(
  mainClass: string,
  args: readonly string[],
  options: JavaOptions = {},
): Promise<RunResult> {
  const { java } = await ensureJava()
  return run(java, await javaArguments(mainClass, args, options, 'warn'), options)
}

/** Starts one of Apache Kafka's programs that goes on until it is stopped. */
export async function startTool(
  mainClass: string,
  args: readonly string[],
  options: JavaOptions = {},
): Promise<RunningChild> {
  return start(...(await javaCommand(mainClass, args, options, 'warn')), options)
}

/** How to start one of its programs, for who starts it in a way of his own. */
export async function javaCommand(
  mainClass: string,
  args: readonly string[],
  options: JavaOptions,
  logLevel: string,
): Promise<[program: string, args: string[]]> {
  const { java } = await ensureJava()
  return [java, await javaArguments(mainClass, args, options, logLevel)]
}

export interface KafkaOptions extends PeerServerOptions {
  /** `dynamic` writes voters into the metadata log (KIP-853), `static` takes them from the properties, as before. Default dynamic. */
  readonly quorum?: 'dynamic' | 'static'
  readonly clusterId?: string
  /** Level of metadata.version to format with, such as `4.0`; default: the newest. */
  readonly releaseVersion?: string
  readonly jvmFlags?: readonly string[]
  readonly startTimeoutMs?: number
}

/** Starts a broker and controller in one process, on ports of its own, and resolves once it answers. */
export async function startKafka(options: KafkaOptions = {}): Promise<PeerServer> {
  const work = mkdtempSync(join(tmpdir(), 'braidlog-kafka-'))
  const dir = options.dir ?? join(work, 'data')
  mkdirSync(dir, { recursive: true })
  const [port, controllerPort] = options.ports ?? ((await freePorts(2)) as [number, number])
  const bootstrap = `127.0.0.1:${port}`
  const dynamic = options.quorum !== 'static'
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${bootstrap}`,
    'controller.listener.names': 'CONTROLLER',
    ...(dynamic
      ? { 'controller.quorum.bootstrap.servers': `127.0.0.1:${controllerPort}` }
      : { 'controller.quorum.voters': `1@127.0.0.1:${controllerPort}` }),
    'log.dirs': dir,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 8,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    ...options.properties,
  }
  const propertiesFile = join(work, 'server.properties')
  writeFileSync(
    propertiesFile,
    Object.entries(properties)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  )
  if (!existsSync(join(dir, 'meta.properties'))) {
    const clusterId = options.clusterId ?? randomClusterId()
    const isController = String(properties['process.roles']).includes('controller')
    const flags = [
      ...(dynamic && isController ? ['--standalone'] : []),
      ...(options.releaseVersion === undefined ? [] : ['--release-version', options.releaseVersion]),
    ]
    await runTool('kafka.tools.StorageTool', ['format', '-t', clusterId, '-c', propertiesFile, ...flags])
  }
  const java: JavaOptions = options.jvmFlags === undefined ? {} : { jvmFlags: options.jvmFlags }
  const { java: program } = await ensureJava()
  const child = start(program, await javaArguments('kafka.Kafka', [propertiesFile], java, 'info'), {})
  const cleanUp = (): void => rmSync(work, { recursive: true, force: true })
  try {
    await eventually(
      async () => {
        if (child.exitCode() !== -1) throw new Error(`Apache Kafka ended with ${child.exitCode()}\n${child.tail()}`)
        return (await answersApiVersions(port)) ? true : undefined
      },
      `Apache Kafka on ${bootstrap} answers`,
      options.startTimeoutMs ?? 90_000,
    )
  } catch (error) {
    const said = child.tail()
    await child.kill()
    cleanUp()
    throw new Error(`Apache Kafka did not start:\n${said}`, { cause: error })
  }
  return {
    name: 'kafka',
    host: '127.0.0.1',
    port,
    bootstrap,
    pid: child.pid,
    dir,
    log: () => child.tail(),
    async stop() {
      await child.stop(60_000)
      cleanUp()
    },
    async kill() {
      await child.kill()
      cleanUp()
    },
  }
}

/** Sixteen random bytes in base64url, as Apache Kafka writes an id; never one that begins with a dash. */
function randomClusterId(): string {
  for (;;) {
    const id = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url')
    if (!id.startsWith('-')) return id
  }
}

/**
 * Whether whoever listens on `port`, of the loopback address unless another is given, answers an ApiVersions request within a second: size, key 18, version 0,
 * correlation id 7, null client id. A broker listens before it serves, so that a mere connection would tell too little.
 */
export function answersApiVersions(port: number, host = '127.0.0.1'): Promise<boolean> {
  const request = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff])
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 })
    let received = Buffer.alloc(0)
    const finish = (answered: boolean): void => {
      socket.destroy()
      resolve(answered)
    }
    socket.on('connect', () => socket.write(request))
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      if (received.length >= 10) finish(received.readInt32BE(4) === 7)
    })
    for (const event of ['error', 'timeout', 'close'] as const) socket.on(event, () => finish(false))
  })
}
