/**
 * SPEC.md holds the table of states and events; this test fills every cell by asking the machine and compares.
 * `UPDATE_GOLDEN=1` writes the table; the review is of the diff.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { errorName, type ErrorCode } from '@braidlog/model'
import type { GroupRequest, GroupResponse } from '../src/group-messages.ts'
import { commitRequest, heartbeatRequest, joinRequest, leaveRequest, subscription, syncRequest } from './requests.ts'
import { ShardDriver } from './shard-driver.ts'

const states = {
  Dead: () => new ShardDriver(),
  Empty: () => {
    const driver = stable()
    driver.decide({ api: 'leaveGroup', request: leaveRequest(['a-1', 'b-2', 's-3'].map((memberId) => ({ memberId }))) })
    return driver
  },
  'Preparing (initial)': () => {
    const driver = new ShardDriver()
    startJoins(driver)
    return driver
  },
  Preparing: () => {
    const driver = stable()
    driver.decide(rejoin('a-1'))
    return driver
  },
  Completing: completing,
  Stable: stable,
} as const satisfies Record<string, () => ShardDriver>

/** Members: a leads, b follows, s is static. The generation is 1 from Completing on. */
function startJoins(driver: ShardDriver): void {
  driver.decide(newJoin('a', 3))
  driver.decide(newJoin('b', 3))
  driver.decide(staticJoin(driver))
}

function completing(): ShardDriver {
  const driver = new ShardDriver({ initialRebalanceDelayMs: 0 })
  startJoins(driver)
  driver.pass(0)
  return driver
}

function stable(): ShardDriver {
  const driver = completing()
  for (const [memberId, groupInstanceId] of [
    ['a-1', null],
    ['b-2', null],
    ['s-3', 's'],
  ] as const) {
    const assignments = memberId === 'a-1' ? { 'a-1': 't0' } : {}
    driver.decide({
      api: 'syncGroup',
      request: syncRequest({ memberId, groupInstanceId, generationId: 1, assignments }),
    })
  }
  return driver
}

function joinOf(fields: Parameters<typeof joinRequest>[0], clientId: string, apiVersion: number): GroupRequest {
  const memberIdSuffix = String(suffixes.get(clientId) ?? 9)
  return { api: 'joinGroup', request: joinRequest(fields), apiVersion, clientId, clientHost: '/h', memberIdSuffix }
}

const suffixes = new Map([
  ['a', 1],
  ['b', 2],
])
const newJoin = (clientId: string, apiVersion: number): GroupRequest => joinOf({}, clientId, apiVersion)
const staticJoin = (driver: ShardDriver): GroupRequest => {
  const isFirst = driver.log.length <= 1
  return { ...joinOf({ groupInstanceId: 's' }, 's', 9), memberIdSuffix: isFirst ? '3' : '4' } as GroupRequest
}
const rejoin = (memberId: string, topics = ['t']): GroupRequest =>
  joinOf({ memberId, protocols: [{ name: 'range', metadata: subscription(topics) }] }, 'x', 9)
const sync = (memberId: string, generationId = 1): GroupRequest => ({
  api: 'syncGroup',
  request: syncRequest({ memberId, generationId, assignments: { 'a-1': 't0' } }),
})
const heartbeat = (memberId: string, generationId: number): GroupRequest => ({
  api: 'heartbeat',
  request: heartbeatRequest({ memberId, generationId }),
})
const commit = (memberId: string, generationId: number): GroupRequest => ({
  api: 'offsetCommit',
  apiVersion: 9,
  request: commitRequest({ memberId, generationId, offsets: { 0: 5 } }),
})
const deleteOffset = (name: string): GroupRequest => ({
  api: 'offsetDelete',
  request: { groupId: 'g', topics: [{ name, partitions: [{ partitionIndex: 0 }] }] },
})

type Event = ((driver: ShardDriver) => GroupRequest) | { readonly passMs: number } | 'reload'

const events: Readonly<Record<string, Event>> = {
  'JoinGroup, new, v4+': () => newJoin('c', 9),
  'JoinGroup, new, up to v3': () => newJoin('c', 3),
  'JoinGroup, new, no common protocol': () =>
    joinOf({ protocols: [{ name: 'other', metadata: subscription([]) }] }, 'c', 3),
  'JoinGroup, new, other protocol type': () => joinOf({ protocolType: 'connect' }, 'c', 3),
  'JoinGroup, member unknown': () => rejoin('nobody'),
  'JoinGroup, follower unchanged': () => rejoin('b-2'),
  'JoinGroup, follower changed': () => rejoin('b-2', ['t', 'u']),
  'JoinGroup, leader unchanged': () => rejoin('a-1'),
  'JoinGroup, static member restarted': staticJoin,
  'SyncGroup of follower': () => sync('b-2'),
  'SyncGroup of leader': () => sync('a-1'),
  'SyncGroup, other generation': () => sync('b-2', 7),
  Heartbeat: (driver) => heartbeat('b-2', generationOf(driver)),
  'Heartbeat, other generation': () => heartbeat('b-2', 7),
  'Heartbeat, member unknown': () => heartbeat('nobody', 1),
  'LeaveGroup of follower': () => ({ api: 'leaveGroup', request: leaveRequest([{ memberId: 'b-2' }]) }),
  'LeaveGroup by instance id': () => ({
    api: 'leaveGroup',
    request: leaveRequest([{ memberId: '', groupInstanceId: 's' }]),
  }),
  'OffsetCommit of member': (driver) => commit('b-2', generationOf(driver)),
  'OffsetCommit, other generation': () => commit('b-2', 7),
  'OffsetCommit without member': () => commit('', -1),
  'OffsetDelete, topic consumed': () => deleteOffset('t'),
  'OffsetDelete, topic not consumed': () => deleteOffset('u'),
  DeleteGroups: () => ({ api: 'deleteGroups', groupIds: ['g'] }),
  'sessions end': { passMs: 10_000 },
  'coordinator moves': 'reload',
}

function generationOf(driver: ShardDriver): number {
  for (const record of driver.shard.snapshot()) if (record.kind === 'group') return record.value?.generation || 1
  return 1
}

function stateOf(driver: ShardDriver): string {
  const group = driver.ask<'describeGroups'>({ api: 'describeGroups', groupIds: ['g'], apiVersion: 5 })[0]!
  return group.groupState.replace('Rebalance', '')
}

function cell(driver: ShardDriver, event: Event): string {
  const before = stateOf(driver)
  const logBefore = driver.log.length
  const parts: string[] = []
  if (event === 'reload') driver.reload()
  else if ('passMs' in event) driver.pass(event.passMs)
  else {
    const { answers, ticket } = driver.decide(event(driver))
    const answer = answers.find((one) => one.ticket === ticket)
    parts.push(answer === undefined ? 'waits' : outcome(answer.response))
    const others = answers.length - (answer === undefined ? 0 : 1)
    if (others > 0) parts.push(`answers ${others} waiting`)
  }
  for (const record of driver.log.slice(logBefore)) {
    parts.push(record.kind === 'foreign' || record.value === null ? `−${record.kind}` : `+${record.kind}`)
  }
  const after = stateOf(driver)
  if (after !== before) parts.push(`→ ${after}`)
  return parts.join(', ') || '·'
}

function outcome(response: GroupResponse): string {
  const text = JSON.stringify(response)
  const codes = [...text.matchAll(/"errorCode":(-?\d+)/g)].map(([, code]) => Number(code) as ErrorCode)
  const failed = codes.find((code) => code !== 0)
  return failed === undefined ? 'ok' : errorName(failed)
}

function table(): string {
  const rows = Object.entries(events).map(([name, event]) => [
    name,
    ...Object.values(states).map((build) => cell(build(), event)),
  ])
  const lines = [['event', ...Object.keys(states)], ...rows]
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  const format = (line: readonly string[]): string =>
    `| ${line.map((text, column) => text.padEnd(widths[column]!)).join(' | ')} |`
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [format(lines[0]!), rule, ...lines.slice(1).map(format)].join('\n')
}

test('the table of states and events in SPEC.md is what the machine does', () => {
  const path = join(import.meta.dirname, '..', 'SPEC.md')
  const spec = readFileSync(path, 'utf8')
  const parts = spec.split(/(?<=<!-- table -->\n)[^]*(?=<!-- end of table -->)/)
  assert.equal(parts.length, 2)
  const actual = `${parts[0]}\n${table()}\n\n${parts[1]}`
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, actual)
  else assert.equal(spec, actual)
})
