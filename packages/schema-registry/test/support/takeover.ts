/**
 * Three registries as processes under load, and the one that leads taken away in the middle: killed, or stopped for so long that
 * another leads and then let go on, still believing that it leads.
 *
 * Every schema is sent to two instances at once and, once answered, a third time: all answers have to be the same. In the end every
 * instance, and one that reads the log anew, has to hold all that was acknowledged, no id twice and no gap.
 */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { RegistryOptions } from '../../src/index.ts'
import { RestClient } from './rest.ts'

export type Blow = 'killed' | 'stopped'

interface RunningRegistry {
  readonly url: string
  readonly child: ChildProcess
}

interface Answered {
  readonly subject: string
  readonly schema: string
  readonly id: number
  readonly version: number
}

const WORKERS = 4
const SCHEMAS_PER_WORKER = 20
/** Writes answered before the blow falls. */
const ANSWERED_BEFORE = 25
const ATTEMPTS_MAX = 60
const ATTEMPT_PAUSE_MS = 100
const REQUEST_TIMEOUT_MS = 8_000

/** @returns how many writes were acknowledged */
export async function leaderTakenAway(options: RegistryOptions, blow: Blow): Promise<number> {
  const registries = await Promise.all([startProcess(options), startProcess(options), startProcess(options)])
  const struck = new Set<RunningRegistry>()
  const others = (): RunningRegistry[] => registries.filter((each) => !struck.has(each))
  try {
    await insist(others, async ({ url }) => await setNone(url))
    const answered: Answered[] = []
    let strike: Promise<void> | undefined
    const load = async (worker: number): Promise<void> => {
      const subject = `s-${worker}`
      for (let n = 0; n < SCHEMAS_PER_WORKER; n++) {
        const schema = JSON.stringify({ type: 'fixed', name: `F${worker}`, size: n + 1 })
        const send = async (): Promise<Answered> =>
          await insist(others, async ({ url }) => ({ subject, schema, ...(await post(url, subject, schema)) }))
        const [first, second] = await Promise.all([send(), send()])
        const third = await send()
        assert.deepEqual(second, first, 'one write, answered twice at once')
        assert.deepEqual(third, first, 'one write, answered again')
        answered.push(first)
        if (answered.length > ANSWERED_BEFORE) strike ??= strikeLeader(registries, struck, blow)
      }
    }
    await Promise.all(Array.from({ length: WORKERS }, async (_, worker) => await load(worker)))
    await strike
    assert.equal(struck.size, 1)
    if (blow === 'stopped') await wakeUp([...struck][0]!, answered)
    for (const { url } of registries.filter(({ child }) => child.exitCode === null && child.signalCode === null)) {
      await assertConsistent(url, answered)
    }
    // And so says the log alone.
    await using fresh = await RestClient.start(options)
    await assertConsistent(fresh.registry.url, answered)
    return answered.length
  } finally {
    for (const { child } of registries) child.kill('SIGKILL')
  }
}

async function strikeLeader(
  registries: readonly RunningRegistry[],
  struck: Set<RunningRegistry>,
  blow: Blow,
): Promise<void> {
  const leader = await leaderAmong(registries)
  // Requests are under way to it, and through it.
  leader.child.kill(blow === 'killed' ? 'SIGKILL' : 'SIGSTOP')
  struck.add(leader)
  await Promise.resolve()
}

/** The process that was stopped goes on, with whatever it had in hand; it has to learn that it was succeeded. */
async function wakeUp(registry: RunningRegistry, answered: readonly Answered[]): Promise<void> {
  const sent = answered.slice(0, 5).map(async (known) => {
    const answer = await post(registry.url, known.subject, known.schema).catch(() => undefined)
    if (answer !== undefined) assert.deepEqual(answer, { id: known.id, version: known.version })
  })
  const fresh = post(registry.url, 's-0', '{"type":"fixed","name":"Late","size":1}').catch(() => undefined)
  registry.child.kill('SIGCONT')
  await Promise.all(sent)
  await fresh
}

async function startProcess(options: RegistryOptions): Promise<RunningRegistry> {
  const program = join(import.meta.dirname, 'registry-process.ts')
  const child = spawn(process.execPath, [program, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout!, 'data')) as [Buffer]
  return { url: line.toString().trim(), child }
}

let turn = 0

/** Asks one instance after another until one answers. */
async function insist<T>(
  registries: () => RunningRegistry[],
  ask: (registry: RunningRegistry) => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    const choices = registries()
    try {
      return await ask(choices[turn++ % choices.length]!)
    } catch (error) {
      if (attempt === ATTEMPTS_MAX) throw error
      await delay(ATTEMPT_PAUSE_MS)
    }
  }
}

async function post(url: string, subject: string, schema: string): Promise<{ id: number; version: number }> {
  const response = await fetch(`${url}/subjects/${subject}/versions`, {
    method: 'POST',
    body: JSON.stringify({ schema }),
    headers: { 'content-type': 'application/json' },
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  })
  const body = (await response.json()) as { id: number; version: number }
  if (response.status !== 200) throw new Error(JSON.stringify(body))
  return { id: body.id, version: body.version }
}

async function setNone(url: string): Promise<void> {
  const response = await fetch(`${url}/config`, {
    method: 'PUT',
    body: '{"compatibility":"NONE"}',
    headers: { 'content-type': 'application/json' },
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  })
  if (response.status !== 200) throw new Error(await response.text())
}

async function leaderAmong(registries: readonly RunningRegistry[]): Promise<RunningRegistry> {
  for (const registry of registries) {
    const response = await fetch(`${registry.url}/health/leader`)
    if (((await response.json()) as { isLeader: boolean }).isLeader) return registry
  }
  return assert.fail('nobody leads')
}

async function assertConsistent(url: string, answered: readonly Answered[]): Promise<void> {
  // What the leader has written last: a write that changes nothing tells its offset, and a reader can wait for it.
  const { subject: anySubject, schema: anySchema } = answered.at(-1)!
  const written = await fetch(`${url}/subjects/${anySubject}/versions`, {
    method: 'POST',
    body: JSON.stringify({ schema: anySchema }),
    headers: { 'content-type': 'application/json' },
  })
  const offset = written.headers.get('x-braidlog-offset')
  assert.ok(offset !== null, await written.text())
  const response = await fetch(`${url}/schemas`, { headers: { 'x-braidlog-offset': offset } })
  const stored = (await response.json()) as Answered[]
  const schemaOfId = new Map<number, string>()
  for (const { id, schema } of stored) {
    assert.equal(schemaOfId.get(id) ?? schema, schema, `id ${id} stands for two schemas`)
    schemaOfId.set(id, schema)
  }
  for (const { subject, schema, id, version } of answered) {
    const found = stored.filter((each) => each.subject === subject && each.version === version)
    assert.deepEqual(
      found.map((each) => [each.id, JSON.parse(each.schema)]),
      [[id, JSON.parse(schema)]],
      `${subject} version ${version} is what was acknowledged`,
    )
    const copies = stored.filter((each) => each.subject === subject && each.id === id)
    assert.equal(copies.length, 1, `${subject}: one version for one schema`)
  }
  for (const subject of new Set(stored.map((each) => each.subject))) {
    const versions = stored.filter((each) => each.subject === subject).map(({ version }) => version)
    assert.deepEqual(
      versions,
      versions.map((_, i) => i + 1),
      `${subject} has no gap`,
    )
  }
}
