/**
 * Traces: commands that a reader can follow, and under `----` everything that the shard does about them.
 *
 * ```
 * join g client=a            a new member; `member=a-1` joins again, `instance=i` makes it static
 * sync g a-1 gen=1 a-1=t0    the leader hands in assignments (any text), others just ask
 * heartbeat g a-1 gen=1      leave g a-1 / leave g instance=i      commit g a-1 gen=1 t-0=5      fetch g t-0
 * offset-delete g t-0        delete g      list      describe g    wait 3000      reload      set initialRebalanceDelayMs=0
 * ```
 * Member ids are the client (or instance) and a number that counts up. Times of `wait` are since its start.
 */
import { errorName, ZERO_UUID, type ErrorCode } from '@braidlog/model'
import type { JoinGroupResponse, LeaveGroupResponse, SyncGroupResponse } from '@braidlog/protocol'
import type { GroupRecord } from '@braidlog/coordinator'
import type { GroupDecision, GroupRequest, GroupResponse } from '../src/group-messages.ts'
import {
  bytesOf,
  commitRequest,
  heartbeatRequest,
  joinRequest,
  leaveRequest,
  subscription,
  textOf,
} from './requests.ts'
import { ShardDriver, WALL_START_MS } from './shard-driver.ts'

type Options = ReadonlyMap<string, string>

export class Trace {
  #driver = new ShardDriver()
  readonly #apis = new Map<number, { readonly api: string; readonly who: string }>()

  run(command: string): string {
    const [verb, ...words] = command.trim().split(/\s+/)
    const named = new Map(words.filter((word) => word.includes('=')).map((word) => split(word, '=')))
    const plain = words.filter((word) => !word.includes('='))
    return this.#run(verb!, plain, named).join('\n')
  }

  #run(verb: string, plain: readonly string[], named: Options): string[] {
    const [groupId = '', ...rest] = plain
    const generationId = Number(named.get('gen') ?? -1)
    const groupInstanceId = named.get('instance') ?? null
    const memberId = rest[0] ?? ''
    switch (verb) {
      case 'set': {
        const config = Object.fromEntries([...named].map(([key, value]) => [key, Number(value)]))
        this.#driver = new ShardDriver(config)
        return []
      }
      case 'join':
        return this.#decide(
          this.#join(groupId, named),
          named.get('member') ?? named.get('instance') ?? named.get('client')!,
        )
      case 'sync': {
        const assignments = [...named]
          .filter(([key]) => !['gen', 'instance', 'protocol'].includes(key))
          .map(([key, text]) => ({ memberId: key, assignment: bytesOf(text) }))
        const protocolName = named.get('protocol') ?? null
        const ids = { groupId, memberId, generationId, groupInstanceId, protocolType: null, protocolName }
        return this.#decide({ api: 'syncGroup', request: { ...ids, assignments } }, memberId)
      }
      case 'heartbeat': {
        const request = heartbeatRequest({ groupId, memberId, generationId, groupInstanceId })
        return this.#decide({ api: 'heartbeat', request }, memberId)
      }
      case 'leave': {
        const members = rest.map((id) => ({ memberId: id, groupInstanceId }))
        if (members.length === 0) members.push({ memberId: '', groupInstanceId })
        return this.#decide(
          { api: 'leaveGroup', request: leaveRequest(members, groupId) },
          memberId || groupInstanceId!,
        )
      }
      case 'commit': {
        const [topic, offsets] = partitionsOf(named)
        const retentionTimeMs = Number(named.get('retention') ?? -1)
        const request = commitRequest({
          groupId,
          memberId,
          generationId,
          groupInstanceId,
          retentionTimeMs,
          topic,
          offsets: Object.fromEntries(offsets),
        })
        return this.#decide(
          { api: 'offsetCommit', request, apiVersion: Number(named.get('v') ?? 9) },
          memberId || 'admin',
        )
      }
      case 'fetch':
        return this.#decide(
          { api: 'offsetFetch', group: { groupId, topics: topicsOf(rest) }, requireStable: true },
          groupId,
        )
      case 'offset-delete': {
        const topics = (topicsOf(rest) ?? []).map(({ name, partitionIndexes }) => ({
          name,
          partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex })),
        }))
        return this.#decide({ api: 'offsetDelete', request: { groupId, topics } }, groupId)
      }
      case 'delete':
        return this.#decide({ api: 'deleteGroups', groupIds: plain }, plain.join(','))
      case 'topic-deleted':
        return this.#decide(
          { api: 'topicsDeleted', topics: plain.map((name) => ({ name, topicId: ZERO_UUID })) },
          groupId,
        )
      case 'list':
        return this.#decide({ api: 'listGroups', states: plain, types: [] }, '')
      case 'describe':
        return this.#decide({ api: 'describeGroups', groupIds: plain, apiVersion: 6 }, groupId)
      case 'wait': {
        const durationMs = Number(groupId)
        const happened = this.#driver.pass(durationMs)
        return happened.flatMap(({ afterMs, decision }) =>
          this.#describe(decision).map((line) => `after ${afterMs} ms ${line}`),
        )
      }
      case 'reload':
        this.#driver.reload()
        return []
      default:
        throw new Error(`no command ${verb}`)
    }
  }

  #join(groupId: string, named: Options): GroupRequest {
    const names = (named.get('protocols') ?? 'range').split(',')
    const topics = (named.get('topics') ?? 't').split(',')
    const request = joinRequest({
      groupId,
      memberId: named.get('member') ?? '',
      groupInstanceId: named.get('instance') ?? null,
      sessionTimeoutMs: Number(named.get('session') ?? 10_000),
      rebalanceTimeoutMs: Number(named.get('rebalance') ?? 60_000),
      protocolType: named.get('type') ?? 'consumer',
      protocols: names.map((name) => ({ name, metadata: subscription(topics) })),
    })
    const clientId = named.get('client') ?? 'client'
    const apiVersion = Number(named.get('v') ?? 9)
    const needsSuffix = request.memberId === ''
    const memberIdSuffix = needsSuffix ? this.#driver.suffix() : ''
    return { api: 'joinGroup', request, apiVersion, clientId, clientHost: '/h', memberIdSuffix }
  }

  #decide(request: GroupRequest, who: string): string[] {
    const decision = this.#driver.decide(request)
    this.#apis.set(decision.ticket, { api: request.api, who })
    const lines = this.#describe(decision)
    const isAnswered = decision.answers.some(({ ticket }) => ticket === decision.ticket)
    return isAnswered ? lines : [...lines, `${request.api} of ${who} waits`]
  }

  #describe(decision: GroupDecision): string[] {
    const answers = decision.answers.flatMap(({ ticket, response }) => {
      const { api, who } = this.#apis.get(ticket)!
      return describeAnswer(api, response).map((line) => `${api}${who === '' ? '' : ` of ${who}`}: ${line}`)
    })
    return [...decision.records.map(describeRecord), ...answers]
  }
}

function split(word: string, by: string): [string, string] {
  const at = word.indexOf(by)
  return [word.slice(0, at), word.slice(at + 1)]
}

/** `t-0=5 t-1=6` → the topic and its offsets. */
function partitionsOf(named: Options): [string, (readonly [string, number])[]] {
  const pairs = [...named].filter(([key]) => /-\d+$/.test(key))
  const topic = pairs[0]?.[0].replace(/-\d+$/, '') ?? 't'
  return [topic, pairs.map(([key, offset]) => [key.slice(topic.length + 1), Number(offset)] as const)]
}

function topicsOf(words: readonly string[]) {
  if (words.length === 0) return null
  const byTopic = Map.groupBy(words, (word) => word.replace(/-\d+$/, ''))
  return Array.from(byTopic, ([name, all]) => ({
    name,
    topicId: ZERO_UUID,
    partitionIndexes: all.map((word) => Number(word.slice(name.length + 1))),
  }))
}

export function describeRecord(record: GroupRecord): string {
  switch (record.kind) {
    case 'group': {
      if (record.value === null) return `record group ${record.groupId}: tombstone`
      const { generation, protocolType, protocol, leader, members } = record.value
      const listed = members.map(({ memberId, assignment }) => `${memberId}[${textOf(assignment)}]`)
      const head = `record group ${record.groupId}: gen=${generation} ${protocolType || '-'}/${protocol ?? '-'}`
      return `${head} leader=${leader ?? '-'} members=${listed.join(' ') || 'none'}`
    }
    case 'offset': {
      const key = `${record.groupId} ${record.topic}-${record.partition}`
      if (record.value === null) return `record offset ${key}: tombstone`
      const { offset, expireTimestamp } = record.value
      const expires = expireTimestamp === -1 ? '' : ` expires after ${expireTimestamp - WALL_START_MS} ms`
      return `record offset ${key}: ${offset}${expires}`
    }
    case 'foreign':
      return `record of ${record.protocol} group ${record.groupId}: ${record.alive ? 'value' : 'tombstone'}`
  }
}

function describeAnswer(api: string, response: GroupResponse): string[] {
  switch (api) {
    case 'joinGroup': {
      const join = response as JoinGroupResponse
      if (join.errorCode !== 0) return [`${errorName(join.errorCode)}${join.memberId && ` member=${join.memberId}`}`]
      const members = join.members.map(({ memberId }) => memberId).join(' ')
      const skip = join.skipAssignment ? ' skipAssignment' : ''
      const listed = members === '' ? '' : ` members=[${members}]`
      const head = `gen=${join.generationId} ${join.protocolName} member=${join.memberId} leader=${join.leader}`
      return [`${head}${skip}${listed}`]
    }
    case 'syncGroup': {
      const sync = response as SyncGroupResponse
      return [sync.errorCode === 0 ? `[${textOf(sync.assignment)}]` : errorName(sync.errorCode)]
    }
    case 'leaveGroup': {
      const leave = response as LeaveGroupResponse
      return leave.members.map((one) => `${one.memberId || one.groupInstanceId} ${errorName(one.errorCode)}`)
    }
    case 'offsetCommit':
    case 'offsetDelete': {
      const { topics, errorCode = 0 } = response as { topics: PartitionResults[]; errorCode?: number }
      if (errorCode !== 0) return [errorName(errorCode as ErrorCode)]
      return topics.flatMap(({ name, partitions }) =>
        partitions.map((one) => `${name}-${one.partitionIndex} ${errorName(one.errorCode)}`),
      )
    }
    case 'offsetFetch': {
      const { topics } = response as { topics: PartitionResults[] }
      if (topics.length === 0) return ['nothing']
      return topics.flatMap(({ name, partitions }) =>
        partitions.map(
          (one) => `${name}-${one.partitionIndex} = ${one.errorCode ? errorName(one.errorCode) : one.committedOffset}`,
        ),
      )
    }
    case 'heartbeat':
      return [errorName((response as { errorCode: ErrorCode }).errorCode)]
    case 'deleteGroups':
      return (response as { groupId: string; errorCode: ErrorCode }[]).map(
        ({ groupId, errorCode }) => `${groupId} ${errorName(errorCode)}`,
      )
    case 'listGroups':
      return (response as { groupId: string; groupState: string; protocolType: string; groupType: string }[]).map(
        (one) => `${one.groupId} ${one.groupState} ${one.protocolType || '-'} ${one.groupType}`,
      )
    case 'describeGroups':
      return (
        response as {
          groupId: string
          errorCode: number
          groupState: string
          protocolData: string
          members: { memberId: string; memberAssignment: Uint8Array }[]
        }[]
      ).map((one) => {
        const members = one.members.map(({ memberId, memberAssignment }) => `${memberId}[${textOf(memberAssignment)}]`)
        return `${one.groupId} ${one.groupState} ${one.protocolData || '-'} ${members.join(' ') || 'no members'}`
      })
    default:
      return ['done']
  }
}

interface PartitionResults {
  readonly name: string
  readonly partitions: readonly { partitionIndex: number; errorCode: ErrorCode; committedOffset?: number }[]
}
