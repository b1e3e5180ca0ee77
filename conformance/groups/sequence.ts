/**
 * A random but repeatable sequence of group requests, sent to two coordinators step by step, and what each of them made
 * of it in words that can be compared: member ids become m1, m2, … in the order in which they were given out.
 *
 * Where Apache Kafka leaves a choice to the order of a hash map (which member leads when the leader has gone), the two
 * may part for good reason: the sequence ends there.
 */
import { SeededRandom, below } from '@braidlog/base'
import {
  ConsumerProtocolSubscription,
  DescribeGroupsRequest,
  DescribeGroupsResponse,
  HeartbeatRequest,
  HeartbeatResponse,
  JoinGroupRequest,
  JoinGroupResponse,
  LeaveGroupRequest,
  LeaveGroupResponse,
  OffsetCommitRequest,
  OffsetCommitResponse,
  OffsetDeleteRequest,
  OffsetDeleteResponse,
  OffsetFetchRequest,
  OffsetFetchResponse,
  SyncGroupRequest,
  SyncGroupResponse,
} from '@braidlog/protocol'
import { errorName, type ErrorCode } from '@braidlog/model'
import type { Peer } from './wire.ts'

/**
 * Nothing may end while requests are on their way, or it would be luck which comes first: rebalances outlast a phase of
 * requests, a pause outlasts a rebalance and the sync after it, sessions outlast everything but the pause at the end.
 */
const PHASE_MS = 1_500
const REBALANCE_MS = 2_500
const PAUSE_MS = 2 * REBALANCE_MS + PHASE_MS
const SESSION_MS = 15_000
/** A phase may be late on a busy machine: then it is cut short. */
const PHASE_STEPS_MAX = 25
const TOPICS = ['t', 'u']

/** What a member of the sequence knows: the same on both sides, or the sequence has ended. */
interface Client {
  readonly name: string
  readonly instanceId: string | null
  readonly joinVersion: number
  alias: string
  generationId: number
  topics: readonly string[]
  leads: boolean
  members: readonly string[]
}

/** One side: a coordinator, and the ids it gave out. */
class Side {
  readonly #peer: Peer
  readonly #aliases = new Map<string, string>()
  readonly #ids = new Map<string, string>()

  constructor(peer: Peer) {
    this.#peer = peer
  }

  id(alias: string): string {
    return this.#ids.get(alias) ?? alias
  }

  /** The alias of an id that its client has been told; of others only what the id says itself: client or instance. */
  alias(id: string): string {
    return this.#aliases.get(id) ?? id.replace(/-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, '?')
  }

  /** The client that asked is told its id, perhaps for the first time. */
  told(id: string, alias: string): string {
    if (id !== '' && this.alias(id).endsWith('?')) {
      this.#aliases.set(id, alias)
      this.#ids.set(alias, id)
    }
    return this.alias(id)
  }

  ask: Peer['ask'] = (messages, version, body) => this.#peer.ask(messages, version, body)
}

/** Something to ask, with member ids as aliases, and how its answer reads. */
interface Question {
  readonly title: string
  /** Of a request that may wait: on whose behalf. */
  readonly alias?: string
  /** @returns how the answer reads, once the ids that other answers have told are known too */
  ask(side: Side): Promise<() => string>
  /** What the asking client learns. */
  learn?(answer: string): void
}

export interface Outcome {
  readonly steps: readonly string[]
  /** Where the sides differ; `undefined` when they never did. */
  readonly difference: string | undefined
  /** Why the sequence ended early although nothing is wrong. */
  readonly parted: string | undefined
}

type End = { readonly difference: string } | { readonly parted: string }

const QUIET_MS = 20
const WAITING_QUIET_MS = 60
const PATIENCE_MS = 1_000

const passed = (durationMs: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, durationMs)
  })

/** What the first requests find cold would make them late. */
export async function warmUp(peers: readonly [Peer, Peer]): Promise<void> {
  await new Sequence(peers, 0).phase()
}

export function runSequence(peers: readonly [Peer, Peer], seed: number): Promise<Outcome> {
  return new Sequence(peers, seed).run()
}

class Sequence {
  readonly #sides: readonly [Side, Side]
  readonly #random: SeededRandom
  readonly #groupId: string
  readonly #clients: Client[]
  readonly #steps: string[] = []
  /** Questions without an answer from both sides, with the answers there are. */
  readonly #open = new Map<Question, ((() => string) | undefined)[]>()
  #aliasCount = 0

  constructor(peers: readonly [Peer, Peer], seed: number) {
    this.#sides = [new Side(peers[0]), new Side(peers[1])]
    this.#random = new SeededRandom(seed)
    this.#groupId = `g-${seed}`
    const client = (name: string, instanceId: string | null, joinVersion: number): Client => ({
      name,
      instanceId,
      joinVersion,
      alias: '',
      generationId: -1,
      topics: ['t'],
      leads: false,
      members: [],
    })
    this.#clients = [
      client('a', null, 9),
      client('b', null, 3),
      client('c', null, 5),
      client('s', 's', 9),
      client('r', 'r', 7),
    ]
  }

  async run(): Promise<Outcome> {
    const end = (await this.phase()) ?? (await this.#pause(PAUSE_MS)) ?? (await this.phase())
    // Whoever still waits is told before long.
    const last = end ?? (await this.#pause(SESSION_MS + PAUSE_MS))
    return { steps: this.#steps, difference: undefined, parted: undefined, ...last }
  }

  async phase(): Promise<End | undefined> {
    const startMs = performance.now()
    for (let step = 0; step < PHASE_STEPS_MAX && performance.now() - startMs < PHASE_MS; step++) {
      this.#ask(this.#next())
      const end = await this.#settle()
      if (end !== undefined) return end
    }
    return undefined
  }

  async #pause(durationMs: number): Promise<End | undefined> {
    this.#steps.push(`wait ${durationMs} ms`)
    await passed(durationMs)
    return this.#settle()
  }

  #isWaiting(alias: string): boolean {
    return alias !== '' && [...this.#open.keys()].some((question) => question.alias === alias)
  }

  #isSyncing(alias: string): boolean {
    return [...this.#open.keys()].some((question) => question.alias === alias && question.title.startsWith('sync'))
  }

  #chance(percent: number): boolean {
    return below(this.#random, 100) < percent
  }

  #ask(question: Question): void {
    this.#steps.push(question.title)
    const answers: ((() => string) | undefined)[] = [undefined, undefined]
    this.#open.set(question, answers)
    this.#sides.forEach((side, i) => {
      question.ask(side).then(
        (answer) => {
          answers[i] = answer
        },
        (error: unknown) => {
          answers[i] = () => `failed: ${String(error)}`
        },
      )
    })
  }

  /** Waits until both sides are quiet, and compares. */
  async #settle(): Promise<End | undefined> {
    const startMs = performance.now()
    await passed(QUIET_MS)
    while (performance.now() - startMs < PATIENCE_MS) {
      const answers = [...this.#open.values()]
      const isEven = answers.every(([a, b]) => (a === undefined) === (b === undefined))
      // Who is left without an answer by both may only not have been reached yet.
      const isReached = answers.every(([a]) => a !== undefined) || performance.now() - startMs > WAITING_QUIET_MS
      if (isEven && isReached) break
      await passed(QUIET_MS / 2)
    }
    for (const [question, answers] of this.#open) {
      const [a, b] = answers.map((read) => read?.())
      if (a === undefined && b === undefined) continue
      this.#open.delete(question)
      if (a === b) {
        this.#steps.push(`  ${question.title} ⇒ ${a}`)
        question.learn?.(a!)
        continue
      }
      const both = `${question.title}\n    ${a ?? 'waits'}\n    ${b ?? 'waits'}`
      return isMatterOfHashing(a, b) ? { parted: both } : { difference: both }
    }
    return undefined
  }

  #next(): Question {
    const client = this.#clients[below(this.#random, this.#clients.length)]!
    const dice = below(this.#random, 100)
    if (dice < 34) return this.#join(client)
    if (dice < 56) return this.#sync(client)
    if (dice < 68) return this.#heartbeat(client)
    if (dice < 80) return this.#commit(client)
    if (dice < 86) return this.#leave(client)
    if (dice < 90) return this.#describe()
    if (dice < 94) return this.#fetch()
    if (dice < 97) return this.#deleteOffsets()
    client.topics = this.#chance(50) ? ['t'] : ['t', 'u']
    return this.#join(client)
  }

  /** Now and then a member that is not, or no longer, who it says it is. */
  #memberIdFor(client: Client): string {
    if (this.#chance(3)) return 'nobody'
    if (this.#chance(3)) return this.#clients[below(this.#random, this.#clients.length)]!.alias
    return client.alias
  }

  #generationFor(client: Client): number {
    return this.#chance(4) ? client.generationId - 1 : client.generationId
  }

  #joinAs(client: Client): string {
    if (client.instanceId === null) return this.#memberIdFor(client)
    // An instance id beside a member id that is only on offer is an internal error in Apache Kafka.
    if (this.#chance(3)) return 'nobody'
    return this.#chance(40) ? '' : client.alias
  }

  #join(client: Client): Question {
    const alias = this.#joinAs(client)
    // Apache Kafka never answers a join that another join of the same member has overtaken; we do.
    if (this.#isWaiting(alias)) return this.#heartbeat(client)
    const version = client.joinVersion
    const fresh = `m${++this.#aliasCount}`
    const protocolType = this.#chance(2) ? 'connect' : 'consumer'
    const name = this.#chance(2) ? 'other' : 'range'
    const metadata = subscription(client.topics)
    const title = `join ${client.name} v${version} as ${alias || 'new'}${name === 'other' ? ' other protocol' : ''}${protocolType === 'connect' ? ' other type' : ''} topics ${client.topics.join(',')}`
    return {
      title,
      alias,
      ask: async (side) => {
        const response = await side.ask({ request: JoinGroupRequest, response: JoinGroupResponse }, version, {
          groupId: this.#groupId,
          sessionTimeoutMs: SESSION_MS,
          rebalanceTimeoutMs: REBALANCE_MS,
          memberId: side.id(alias),
          ...(version >= 5 ? { groupInstanceId: client.instanceId } : {}),
          protocolType,
          protocols: [{ name, metadata }],
        })
        const me = side.told(response.memberId, fresh)
        if (response.errorCode !== 0) return () => `${errorName(response.errorCode as ErrorCode)} member=${me}`
        return () => {
          const leader = side.alias(response.leader)
          const members = response.members.map(({ memberId }) => side.alias(memberId)).toSorted()
          const skip = response.skipAssignment ? ' skip' : ''
          const head = `ok gen=${response.generationId} ${response.protocolName} member=${me} leader=${leader}${skip}`
          return `${head} members=${members.join(' ')}`
        }
      },
      learn: (answer) => {
        const me = /member=(\S*)/.exec(answer)?.[1] ?? ''
        if (answer.startsWith('ok')) {
          client.alias = me
          client.generationId = Number(/gen=(\d+)/.exec(answer)![1])
          client.leads = /leader=(\S*)/.exec(answer)![1] === me && !answer.includes(' skip')
          client.members = /members=(.*)/
            .exec(answer)![1]!
            .split(' ')
            .filter((one) => one !== '')
        } else if (answer.startsWith('MEMBER_ID_REQUIRED')) client.alias = me
        else if (!answer.startsWith('INCONSISTENT') && !answer.startsWith('REBALANCE')) client.alias = ''
      },
    }
  }

  #sync(client: Client): Question {
    const alias = this.#memberIdFor(client)
    if (this.#isWaiting(alias)) return this.#heartbeat(client)
    const generationId = this.#generationFor(client)
    const assignments = client.leads && this.#chance(90) ? client.members : []
    const text = `${generationId}.${++this.#aliasCount}`
    return {
      alias,
      title: `sync ${client.name} as ${alias || 'nobody'} gen=${generationId}${assignments.length > 0 ? ` assigns ${text} to ${assignments.join(' ')}` : ''}`,
      ask: async (side) => {
        const response = await side.ask({ request: SyncGroupRequest, response: SyncGroupResponse }, 5, {
          groupId: this.#groupId,
          generationId,
          memberId: side.id(alias),
          groupInstanceId: client.instanceId,
          protocolType: 'consumer',
          protocolName: 'range',
          assignments: assignments.map((member) => ({
            memberId: side.id(member),
            assignment: new TextEncoder().encode(`${text} ${member}`),
          })),
        })
        if (response.errorCode !== 0) return () => errorName(response.errorCode as ErrorCode)
        return () =>
          `ok [${new TextDecoder().decode(response.assignment)}] ${response.protocolType} ${response.protocolName}`
      },
    }
  }

  #heartbeat(client: Client): Question {
    const alias = this.#memberIdFor(client)
    const generationId = this.#generationFor(client)
    return {
      title: `heartbeat ${client.name} as ${alias || 'nobody'} gen=${generationId}`,
      ask: async (side) => {
        const response = await side.ask({ request: HeartbeatRequest, response: HeartbeatResponse }, 4, {
          groupId: this.#groupId,
          generationId,
          memberId: side.id(alias),
          groupInstanceId: client.instanceId,
        })
        return () => errorName(response.errorCode as ErrorCode)
      },
    }
  }

  #commit(client: Client): Question {
    const isStandalone = this.#chance(15)
    const alias = isStandalone ? '' : this.#memberIdFor(client)
    const generationId = isStandalone ? -1 : this.#generationFor(client)
    const version = [2, 5, 7, 8, 9][below(this.#random, 5)]!
    const topic = TOPICS[below(this.#random, 2)]!
    const offset = ++this.#aliasCount
    return {
      title: `commit ${client.name} v${version} as ${alias || 'nobody'} gen=${generationId} ${topic}-0=${offset}`,
      ask: async (side) => {
        const response = await side.ask({ request: OffsetCommitRequest, response: OffsetCommitResponse }, version, {
          groupId: this.#groupId,
          generationIdOrMemberEpoch: generationId,
          memberId: side.id(alias),
          ...(version >= 7 && !isStandalone ? { groupInstanceId: client.instanceId } : {}),
          topics: [
            {
              name: topic,
              partitions: [0, 7].map((partitionIndex) => ({
                partitionIndex,
                committedOffset: offset,
                committedMetadata: null,
              })),
            },
          ],
        })
        const partitions = response.topics[0]!.partitions.toSorted((a, b) => a.partitionIndex - b.partitionIndex)
        return () =>
          partitions.map((one) => `${one.partitionIndex} ${errorName(one.errorCode as ErrorCode)}`).join(', ')
      },
    }
  }

  #leave(client: Client): Question {
    const byInstance = client.instanceId !== null && this.#chance(50)
    const alias = byInstance ? '' : this.#memberIdFor(client)
    // Apache Kafka never answers the sync of a member that leaves; we do.
    if (this.#isSyncing(byInstance ? client.alias : alias)) return this.#heartbeat(client)
    return {
      title: `leave ${client.name} as ${byInstance ? 'instance' : alias || 'nobody'}`,
      ask: async (side) => {
        const response = await side.ask({ request: LeaveGroupRequest, response: LeaveGroupResponse }, 4, {
          groupId: this.#groupId,
          members: [{ memberId: side.id(alias), groupInstanceId: client.instanceId }],
        })
        const codes = [response.errorCode, ...response.members.map(({ errorCode }) => errorCode)]
        return () => codes.map((code) => errorName(code as ErrorCode)).join(' ')
      },
      learn: () => {
        client.alias = ''
        client.leads = false
      },
    }
  }

  #describe(): Question {
    return {
      title: 'describe',
      ask: async (side) => {
        const response = await side.ask({ request: DescribeGroupsRequest, response: DescribeGroupsResponse }, 6, {
          groups: [this.#groupId],
        })
        const group = response.groups[0]!
        const head = `${errorName(group.errorCode as ErrorCode)} ${group.groupState} ${group.protocolType} ${group.protocolData}`
        return () => {
          const members = group.members.map(({ memberId, memberAssignment }) => {
            return `${side.alias(memberId)}[${new TextDecoder().decode(memberAssignment)}]`
          })
          return `${head} ${members.toSorted().join(' ')}`
        }
      },
    }
  }

  #fetch(): Question {
    return {
      title: 'fetch',
      ask: async (side) => {
        const response = await side.ask({ request: OffsetFetchRequest, response: OffsetFetchResponse }, 8, {
          groups: [{ groupId: this.#groupId, topics: null }],
        })
        const { topics, errorCode } = response.groups[0]!
        const offsets = topics.flatMap(({ name, partitions }) =>
          partitions.map((one) => `${name}-${one.partitionIndex}=${one.committedOffset}`),
        )
        return () => `${errorName(errorCode as ErrorCode)} ${offsets.toSorted().join(' ')}`
      },
    }
  }

  #deleteOffsets(): Question {
    const name = TOPICS[below(this.#random, 2)]!
    return {
      title: `delete offsets of ${name}`,
      ask: async (side) => {
        const response = await side.ask({ request: OffsetDeleteRequest, response: OffsetDeleteResponse }, 0, {
          groupId: this.#groupId,
          topics: [{ name, partitions: [{ partitionIndex: 0 }] }],
        })
        const codes = [
          response.errorCode,
          ...response.topics.flatMap(({ partitions }) => partitions.map((one) => one.errorCode)),
        ]
        return () => codes.map((code) => errorName(code as ErrorCode)).join(' ')
      },
    }
  }
}

function subscription(topics: readonly string[]): Uint8Array {
  return Uint8Array.of(0, 1, ...ConsumerProtocolSubscription.encode({ topics }, 1))
}

/** Both joined the same generation with the same members, and only the leader is another. */
function isMatterOfHashing(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined) return false
  const strip = (text: string): string => text.replace(/leader=\S*( skip)? members=.*/, '')
  return a.startsWith('ok gen=') && strip(a) === strip(b)
}
