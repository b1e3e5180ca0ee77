/** `braidlog doctor`: looks at the way from here to the brokers step by step, and names the first thing that is wrong. */
import { lookup } from 'node:dns/promises'
import { connect as connectSocket } from 'node:net'
import type { Admin } from '@braidlog/client'
import { remote, type Cli, type Context } from '../command.ts'
import { CliError } from '../exit.ts'
import { formatBytes } from '../terminal.ts'

interface Check {
  readonly check: string
  readonly outcome: 'ok' | 'warning' | 'failed'
  readonly found: string
  readonly hint?: string
}

const CONNECT_TIMEOUT_MS = 3_000

export function define(cli: Cli) {
  return remote('doctor', 'find out why something does not work').action((flags) =>
    cli.execute('doctor', flags, async (context) => {
      const checks: Check[] = [runtime()]
      const reachable = await bootstrap(context, checks)
      if (reachable) await cluster(context, checks)
      const failed = checks.filter(({ outcome }) => outcome === 'failed')
      const result = {
        data: { healthy: failed.length === 0, checks },
        table: {
          columns: [{ title: 'check' }, { title: 'outcome' }, { title: 'found' }, { title: 'what to do' }],
          rows: checks.map(({ check, outcome, found, hint }) => [check, outcome, found, hint]),
        },
      }
      if (failed.length === 0) return result
      const { render } = await import('../output.ts')
      await context.terminal.write(await render('doctor', result, context.settings.format, context.terminal.color))
      throw new CliError(`${failed.length} check${failed.length === 1 ? '' : 's'} failed`, {
        exitCode: reachable ? 1 : 3,
        code: 'UNHEALTHY',
        reported: true,
      })
    }),
  )
}

function runtime(): Check {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number]
  const fits = major > 22 || (major === 22 && minor >= 15)
  return {
    check: 'Node',
    outcome: fits ? 'ok' : 'failed',
    found: process.version,
    ...(fits ? {} : { hint: 'Braidlog needs Node 22.15 or newer' }),
  }
}

/** Names resolve and ports answer. @returns whether any bootstrap server does */
async function bootstrap(context: Context, checks: Check[]): Promise<boolean> {
  const { value, source } = context.settings.bootstrapServers
  checks.push({ check: 'bootstrap servers', outcome: 'ok', found: `${value} (${source})` })
  let reachable = false
  for (const server of value.split(',').map((text) => text.trim())) {
    const match = /^\[?([^\]]+?)\]?:(\d+)$/.exec(server)
    if (!match) {
      checks.push({
        check: server,
        outcome: 'failed',
        found: 'not host:port',
        hint: 'write host:port, such as localhost:9092',
      })
      continue
    }
    reachable = (await probe(`bootstrap ${server}`, match[1]!, Number(match[2]), checks)) || reachable
  }
  return reachable
}

async function probe(check: string, host: string, port: number, checks: Check[]): Promise<boolean> {
  try {
    await lookup(host)
  } catch {
    checks.push({ check, outcome: 'failed', found: `${host} does not resolve`, hint: 'check the name, or /etc/hosts' })
    return false
  }
  const startMs = performance.now()
  const problem = await tryConnect(host, port)
  if (problem === undefined) {
    checks.push({ check, outcome: 'ok', found: `connected in ${(performance.now() - startMs).toFixed(1)} ms` })
    return true
  }
  checks.push({
    check,
    outcome: 'failed',
    found: problem,
    hint:
      problem === 'ECONNREFUSED'
        ? 'nothing listens there: start it (`braidlog dev`), or correct the port'
        : 'a firewall or a wrong address, probably',
  })
  return false
}

function tryConnect(host: string, port: number): Promise<string | undefined> {
  return new Promise((done) => {
    const socket = connectSocket({ host, port, timeout: CONNECT_TIMEOUT_MS })
    const end = (problem: string | undefined): void => {
      socket.destroy()
      done(problem)
    }
    socket.once('connect', () => end(undefined))
    socket.once('timeout', () => end(`no answer in ${CONNECT_TIMEOUT_MS} ms`))
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
  })
}

/** What brokers say of themselves, and whether that is reachable from here. */
async function cluster(context: Context, checks: Check[]): Promise<void> {
  let admin: Admin
  try {
    const kafka = await context.kafka()
    await kafka.connect({ signal: context.signal, timeoutMs: CONNECT_TIMEOUT_MS })
    admin = kafka.admin()
  } catch (error) {
    checks.push({
      check: 'protocol',
      outcome: 'failed',
      found: (error as Error).message,
      hint: 'is it a broker? a TLS listener answers plain connections with silence or a reset',
    })
    return
  }
  const description = await admin.describeCluster(context.call)
  checks.push({
    check: 'cluster',
    outcome: 'ok',
    found: `${description.clusterId}, ${description.brokers.length} broker(s), controller ${description.controller ?? 'none'}`,
  })
  for (const broker of description.brokers) {
    await probe(
      `advertised listener of broker ${broker.nodeId} (${broker.host}:${broker.port})`,
      broker.host,
      broker.port,
      checks,
    )
  }
  const topics = await admin.describeTopics(undefined, context.call)
  const partitions = topics.flatMap((topic) => topic.partitions)
  const leaderless = partitions.filter(({ leader }) => leader === null).length
  checks.push({
    check: 'partitions',
    outcome: leaderless === 0 ? 'ok' : 'failed',
    found: `${partitions.length} in ${topics.length} topics, ${leaderless} without a leader`,
    ...(leaderless === 0 ? {} : { hint: '`braidlog cluster health` names them' }),
  })
  await disks(admin, context, checks)
  await versions(admin, context, checks)
}

async function disks(admin: Admin, context: Context, checks: Check[]): Promise<void> {
  for (const directory of await admin.describeLogDirs(undefined, context.call)) {
    const free = directory.usableBytes
    const tight = free !== null && directory.totalBytes ? free / directory.totalBytes < 0.1 : false
    checks.push({
      check: `disk of broker ${directory.broker}`,
      outcome: directory.error !== null ? 'failed' : tight ? 'warning' : 'ok',
      found: directory.error ?? (free === null ? directory.path : `${formatBytes(free)} free in ${directory.path}`),
      ...(tight ? { hint: 'less than a tenth is left: lower retention or add space' } : {}),
    })
  }
}

async function versions(admin: Admin, context: Context, checks: Check[]): Promise<void> {
  const { features } = await admin.describeFeatures(context.call)
  const level = features.find(({ name }) => name === 'metadata.version')?.finalized
  checks.push({
    check: 'metadata.version',
    outcome: 'ok',
    found: level === undefined || level === null ? 'not told' : String(level),
  })
}
