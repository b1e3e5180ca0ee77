/** Several instances: one writes, the others send writes on to it; when it goes, another goes on without a gap or a double. */
import assert from 'node:assert/strict'
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
import { leaderTakenAway } from './support/takeover.ts'

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
    const entry = { principal: 'User:ann', resource_type: 'REGISTRY', operation: 'READ', permission: 'ALLOW' }
    assert.equal((await follower.send('POST', '/security/acls', [entry])).status, 201)
    assert.equal((await follower.send('DELETE', '/security/acls', [entry])).body.length, 1)
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

suite('instances as processes', () => {
  for (const blow of ['killed', 'stopped'] as const) {
    const title = `the leader ${blow} under load: no id twice, no version lost, no write answered twice differently`
    test(title, { timeout: 90_000 }, async () => {
      assert.equal(await leaderTakenAway(optionsOf(blow), blow), 80)
    })
  }
})
