/** Several instances: one writes, the others send writes on to it; when it goes, another goes on without a gap or a double. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { startBraidlog, type Braidlog } from '@braidlog/testkit'
import {
  decodeAssignment,
  decodeIdentity,
  elect,
  encodeAssignment,
  encodeIdentity,
  type Identity,
} from '../src/election/protocol.ts'
import { startRegistry, type RegistryOptions } from '../src/index.ts'
import { RestClient } from './support/rest.ts'

let broker: Braidlog
before(async () => {
  broker = await startBraidlog({ config: { 'group.min.session.timeout.ms': 500 } })
})
after(async () => {
  await broker.stop()
})

const optionsOf = (name: string): RegistryOptions => ({
  kafka: { bootstrapServers: broker.bootstrapServers },
  port: 0,
  topic: name,
  groupId: name,
  sessionTimeoutMs: 1_500,
  heartbeatIntervalMs: 200,
})

suite('the protocol of the group', () => {
  const member = (host: string, rest: Partial<Identity> = {}): Identity => ({
    host,
    port: 8081,
    scheme: 'http',
    isEligible: true,
    isLeader: false,
    ...rest,
  })
  const leaderOf = (...members: Identity[]): string | null =>
    elect(new Map(members.map((each, i) => [`m${i}`, each]))).leaderId

  test('the smallest URL leads, unless somebody does already or it may not', () => {
    assert.equal(leaderOf(member('b'), member('a')), 'm1')
    assert.equal(leaderOf(member('b', { isLeader: true }), member('a')), 'm0')
    assert.equal(leaderOf(member('b'), member('a', { isEligible: false })), 'm0')
    assert.equal(leaderOf(member('a', { isEligible: false, isLeader: true })), null)
  })

  test('two members with one URL elect nobody', () => {
    const assignment = elect(
      new Map([
        ['m0', member('a')],
        ['m1', member('a')],
      ]),
    )
    assert.deepEqual(assignment, { leaderId: null, leader: null, hasDuplicates: true })
    assert.equal(decodeAssignment(encodeAssignment(assignment)).hasDuplicates, true)
  })

  test('the bytes are those of other registries', () => {
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
    assert.equal(
      text(encodeIdentity(member('sr-1'))),
      '{"version":1,"host":"sr-1","port":8081,"master_eligibility":true,"scheme":"http","leader":false}',
    )
    assert.deepEqual(decodeIdentity(encodeIdentity(member('sr-1'))), member('sr-1'))
    const assignment = elect(new Map([['m0', member('a')]]))
    assert.match(
      text(encodeAssignment(assignment)),
      /^\{"version":1,"error":0,"master":"m0","master_identity":\{"version":1,/,
    )
    assert.deepEqual(decodeAssignment(encodeAssignment(assignment)), assignment)
    assert.equal(decodeIdentity(Buffer.from('[]')), undefined)
  })
})

suite('instances in one process', () => {
  test('a follower sends writes on, has read them when it answers, and refuses to pass on what was passed on', async () => {
    const options = optionsOf('forwarding')
    await using leader = await RestClient.start(options)
    await using follower = await RestClient.start(options)
    await leader.registry.leaderKnown()
    assert.equal(leader.registry.isLeader, true)
    assert.equal(follower.registry.isLeader, false)
    const written = await follower.send('POST', '/subjects/a/versions', { schema: '"int"' })
    assert.equal(written.body.id, 1)
    assert.deepEqual(await follower.ok('GET', '/subjects'), ['a'])
    const offset = written.headers.get('x-braidlog-offset')!
    const read = await leader.send('GET', '/subjects', undefined, { headers: { 'x-braidlog-offset': offset } })
    assert.deepEqual(read.body, ['a'])
    assert.equal(await follower.code('POST', '/subjects/a/versions', { schema: '"no"' }), 42201)
    const headers = { 'x-forward': 'true' }
    assert.equal(await follower.code('DELETE', '/subjects/a', undefined, { headers }), 50004)
  })

  test('when the leader closes, a follower leads, and has everything', async () => {
    const options = optionsOf('handing-over')
    const first = await RestClient.start(options)
    await using second = await RestClient.start(options)
    await first.register('a', '"int"')
    await first.registry.close()
    assert.deepEqual(await second.register('a', '"long"'), { id: 2, version: 2 })
    assert.equal(second.registry.isLeader, true)
  })

  test('an instance that may not lead never does', async () => {
    const options = optionsOf('not-eligible')
    await using registry = await startRegistry({ ...options, leaderEligibility: false, forwardTimeoutMs: 100 })
    const never = new RestClient(registry)
    assert.equal(await never.code('POST', '/subjects/a/versions', { schema: '"int"' }), 50004)
  })
})

interface RunningRegistry {
  readonly url: string
  readonly child: ChildProcess
}

async function startProcess(options: RegistryOptions): Promise<RunningRegistry> {
  const program = join(import.meta.dirname, 'support', 'registry-process.ts')
  const child = spawn(process.execPath, [program, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout!, 'data')) as [Buffer]
  return { url: line.toString().trim(), child }
}

const ATTEMPTS_MAX = 20

interface Acknowledged {
  readonly subject: string
  readonly schema: string
  readonly id: number
  readonly version: number
}

suite('instances as processes', () => {
  test('the leader killed under load: no id twice, no version lost', { timeout: 60_000 }, async () => {
    const options = optionsOf('killed')
    const registries = await Promise.all([startProcess(options), startProcess(options), startProcess(options)])
    try {
      await Promise.all(registries.map(async ({ url }) => await post(url, 's-0', '"int"')))
      const acknowledged: Acknowledged[] = []
      let isKilled = false
      const alive = (): RunningRegistry[] => registries.filter(({ child }) => child.exitCode === null && !child.killed)
      const load = async (worker: number): Promise<void> => {
        const subject = `s-${worker}`
        for (let n = 0; n < 30; n++) {
          const schema = JSON.stringify({ type: 'fixed', name: `F${worker}`, size: n + 1 })
          // Until it is answered: from any instance that lives.
          for (let attempt = 0; ; attempt++) {
            const living = alive()
            const { url } = living[(worker + n + attempt) % living.length]!
            try {
              acknowledged.push({ subject, schema, ...(await post(url, subject, schema)) })
              break
            } catch (error) {
              if (attempt === ATTEMPTS_MAX) throw error
            }
          }
          if (acknowledged.length > 40 && !isKilled) {
            isKilled = true
            const leader = await leaderAmong(registries)
            leader.child.kill('SIGKILL')
          }
        }
      }
      await post(alive()[0]!.url, 's-1', '"int"')
      await Promise.all([...alive()].map(async ({ url }) => await setNone(url)))
      await Promise.all([1, 2, 3, 4].map(load))
      assert.equal(isKilled, true)
      assert.equal(acknowledged.length, 120)
      for (const { url } of alive()) await assertConsistent(url, acknowledged)
      // And so says the log alone.
      await using fresh = await RestClient.start(options)
      await assertConsistent(fresh.registry.url, acknowledged)
    } finally {
      for (const { child } of registries) child.kill('SIGKILL')
    }
  })
})

async function post(url: string, subject: string, schema: string): Promise<{ id: number; version: number }> {
  const response = await fetch(`${url}/subjects/${subject}/versions`, {
    method: 'POST',
    body: JSON.stringify({ schema }),
    headers: { 'content-type': 'application/json' },
    signal: AbortSignal.timeout(20_000),
  })
  const body = (await response.json()) as { id: number; version: number }
  if (response.status !== 200) throw new Error(JSON.stringify(body))
  return { id: body.id, version: body.version }
}

async function setNone(url: string): Promise<void> {
  await fetch(`${url}/config`, {
    method: 'PUT',
    body: '{"compatibility":"NONE"}',
    headers: { 'content-type': 'application/json' },
  })
}

async function leaderAmong(registries: readonly RunningRegistry[]): Promise<RunningRegistry> {
  for (const registry of registries) {
    const response = await fetch(`${registry.url}/health/leader`)
    if (((await response.json()) as { isLeader: boolean }).isLeader) return registry
  }
  return assert.fail('nobody leads')
}

async function assertConsistent(url: string, acknowledged: readonly Acknowledged[]): Promise<void> {
  const response = await fetch(`${url}/schemas`)
  const stored = (await response.json()) as Acknowledged[]
  const schemaOfId = new Map<number, string>()
  for (const { id, schema } of stored) {
    assert.equal(schemaOfId.get(id) ?? schema, schema, `id ${id} stands for two schemas`)
    schemaOfId.set(id, schema)
  }
  for (const { subject, schema, id, version } of acknowledged) {
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
