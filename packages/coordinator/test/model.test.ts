/**
 * Random members of one group join, commit, fall silent, leave, restart and are replaced, on a coordinator whose log
 * commits late, refuses appends, loses its tail and moves to another node. One seed, one history.
 *
 * Checked after every step: the machine's own invariants. Checked of every answer: assignments are those that the leader
 * of the member's generation made for it. Checked at the end: nothing acknowledged is lost, a replay gives the state that
 * wrote the log, and when the storm is over the group becomes stable with exactly the members that are alive.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { below, SeededRandom, silentLogger } from '@braidlog/base'
import { ErrorCode } from '@braidlog/model'
import {
  CoordinatorHost,
  decodeGroupRecord,
  defaultGroupCoordinatorConfig,
  encodeGroupRecord,
  GroupShard,
  type GroupRecord,
} from '@braidlog/coordinator'
import { plainCodecs } from '@braidlog/records'
import type { GroupRequest, GroupResponse, GroupResponses } from '../src/group-messages.ts'
import { MemoryLog } from './memory-log.ts'
import {
  bytesOf,
  commitRequest,
  heartbeatRequest,
  joinRequest,
  leaveRequest,
  subscription,
  textOf,
} from './requests.ts'
import { settle, SimTime } from './sim-time.ts'

const config = { ...defaultGroupCoordinatorConfig, initialRebalanceDelayMs: 1_000, groupSizeMax: 6 }
const SESSION_MS = 10_000
const REBALANCE_MS = 30_000
const PARTITIONS = 3

class World {
  readonly random: SeededRandom
  readonly time = new SimTime()
  readonly log = new MemoryLog()
  readonly members: Member[] = []
  host: CoordinatorHost<GroupRequest, GroupResponse, GroupRecord>
  /** Partition → highest offset that was acknowledged; offsets are handed out in the order of submission. */
  readonly acked = new Map<number, number>()
  /** Assignments by generation, as leaders made them. */
  readonly assigned = new Map<string, string>()
  unanswered = 0
  #nextOffset = 1
  #suffix = 0

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
    this.host = this.#newHost()
  }

  #newHost() {
    return new CoordinatorHost<GroupRequest, GroupResponse, GroupRecord>({
      name: 'groups-0',
      log: this.log,
      machine: () => new GroupShard(config),
      serde: { encode: encodeGroupRecord, decode: decodeGroupRecord },
      codecs: plainCodecs,
      clock: this.time,
      timers: this.time,
      logger: silentLogger,
      defer: (turn) => void Promise.resolve().then(turn),
      requestsMax: 1_000,
      appendBatchSizeMaxBytes: 2_000,
      loadChunkSizeBytes: 1_000,
    })
  }

  /** Another node takes over; it has what was committed, and perhaps more. */
  async move(): Promise<void> {
    this.host.close()
    while (this.log.batches.length > 0 && this.log.endOffset() > this.log.highWatermark() && this.chance(50)) {
      this.log.batches.pop()
    }
    this.log.commit()
    this.host = this.#newHost()
    if (this.chance(50)) await this.host.loaded()
  }

  ask<A extends keyof GroupResponses>(
    request: Extract<GroupRequest, { readonly api: A }>,
    then: (response: GroupResponses[A]) => void,
    failed: (error: ErrorCode) => void,
  ): void {
    let isAnswered = false
    this.unanswered++
    const once = (): void => {
      assert.ok(!isAnswered, `${request.api} is answered once`)
      isAnswered = true
      this.unanswered--
    }
    this.host.submit(request, {
      complete: (response) => {
        once()
        then(response as GroupResponses[A])
      },
      fail: (error) => {
        once()
        failed(error)
      },
    })
  }

  chance(percent: number): boolean {
    return below(this.random, 100) < percent
  }

  suffix(): string {
    return String(++this.#suffix)
  }

  nextOffset(): number {
    return this.#nextOffset++
  }

  /** While it loads, a machine cannot be asked. */
  check(): void {
    if (this.host.state() !== 'active') return
    const shard = this.host.machine() as GroupShard
    assert.deepEqual(shard.invariants(), [])
    const committed = new Map<number, number>()
    for (const record of shard.snapshot()) {
      if (record.kind === 'offset') committed.set(record.partition, record.value?.offset ?? -1)
    }
    for (const [partition, offset] of this.acked) {
      assert.ok((committed.get(partition) ?? -1) >= offset, `the acknowledged offset ${offset} of ${partition} is kept`)
    }
  }
}

type MemberState = 'idle' | 'joined' | 'member'

/** A client that follows the protocol. */
class Member {
  readonly #world: World
  readonly #name: string
  readonly #instanceId: string | null
  #topics = ['t']
  memberId = ''
  generationId = -1
  state: MemberState = 'idle'
  isAlive = true
  /** Answers to requests of a former life are of no interest. */
  #life = 0
  #isAsking = false

  constructor(world: World, name: string, isStatic: boolean) {
    this.#world = world
    this.#name = name
    this.#instanceId = isStatic ? name : null
  }

  /** Falls silent, without a word, or with one. */
  stop(saysGoodbye: boolean): void {
    if (saysGoodbye && this.memberId !== '') {
      const request = leaveRequest([{ memberId: this.memberId, groupInstanceId: this.#instanceId }])
      this.#world.ask<'leaveGroup'>({ api: 'leaveGroup', request }, nothing, nothing)
    }
    this.#reset()
    this.isAlive = false
  }

  start(): void {
    this.isAlive = true
  }

  changeSubscription(topics: string[]): void {
    this.#topics = topics
    if (this.state === 'member') this.state = 'idle'
  }

  /** Does the next thing, unless it waits for an answer; sometimes it gives up waiting and asks again. */
  act(): void {
    if (!this.isAlive) return
    if (this.#isAsking) {
      if (this.#world.chance(97)) return
      this.#life++
      this.#isAsking = false
    }
    if (this.state === 'idle') this.#join()
    else if (this.#world.chance(50)) this.#heartbeat()
    else this.#commit()
  }

  #reset(): void {
    this.#life++
    this.#isAsking = false
    this.memberId = ''
    this.state = 'idle'
  }

  #ask<A extends keyof GroupResponses>(
    request: Extract<GroupRequest, { readonly api: A }>,
    then: (response: GroupResponses[A]) => void,
  ): void {
    const life = this.#life
    this.#isAsking = true
    this.#world.ask(
      request,
      (response) => {
        if (life !== this.#life) return
        this.#isAsking = false
        then(response)
      },
      () => {
        if (life === this.#life) this.#isAsking = false
      },
    )
  }

  #join(): void {
    const request = joinRequest({
      memberId: this.memberId,
      groupInstanceId: this.#instanceId,
      sessionTimeoutMs: SESSION_MS,
      rebalanceTimeoutMs: REBALANCE_MS,
      protocols: [{ name: 'range', metadata: subscription(this.#topics) }],
    })
    const client = { clientId: this.#name, clientHost: '/h', apiVersion: 9, memberIdSuffix: this.#world.suffix() }
    this.#ask<'joinGroup'>({ api: 'joinGroup', request, ...client }, (response) => {
      if (response.errorCode === ErrorCode.MEMBER_ID_REQUIRED) {
        this.memberId = response.memberId
        this.#join()
      } else if (response.errorCode === ErrorCode.NONE) {
        this.memberId = response.memberId
        this.generationId = response.generationId
        const leads = response.leader === this.memberId && !response.skipAssignment
        this.#sync(leads ? response.members.map(({ memberId }) => memberId) : [])
      } else this.#failed(response.errorCode)
    })
  }

  #sync(memberIds: readonly string[]): void {
    const { generationId, memberId } = this
    this.state = 'joined'
    const assignments = memberIds.map((id) => {
      const text = `${generationId} ${id} ${this.#world.suffix()}`
      this.#world.assigned.set(text, id)
      return { memberId: id, assignment: bytesOf(text) }
    })
    const ids = { groupId: 'g', generationId, memberId, groupInstanceId: this.#instanceId }
    const request = { ...ids, protocolType: 'consumer', protocolName: 'range', assignments }
    this.#ask<'syncGroup'>({ api: 'syncGroup', request }, ({ errorCode, assignment }) => {
      if (errorCode !== ErrorCode.NONE) {
        this.#failed(errorCode)
        return
      }
      const text = textOf(assignment)
      assert.ok(text === '' || this.#world.assigned.has(text), 'a leader made this assignment')
      // A static member inherits what its former self was assigned.
      if (text !== '' && this.#instanceId === null) assert.ok(text.startsWith(`${generationId} ${memberId} `), text)
      if (text !== '') assert.equal(Number(text.split(' ')[0]), generationId, 'of the generation it was told')
      this.state = 'member'
    })
  }

  #heartbeat(): void {
    const { memberId, generationId } = this
    const request = heartbeatRequest({ memberId, generationId, groupInstanceId: this.#instanceId })
    this.#ask<'heartbeat'>({ api: 'heartbeat', request }, ({ errorCode }) => {
      if (errorCode !== ErrorCode.NONE) this.#failed(errorCode)
    })
  }

  #commit(): void {
    const { memberId, generationId } = this
    const partition = below(this.#world.random, PARTITIONS)
    const offset = this.#world.nextOffset()
    const ids = { memberId, generationId, groupInstanceId: this.#instanceId }
    const request = commitRequest({ ...ids, offsets: { [partition]: offset } })
    // The world counts an acknowledgement also when the member no longer listens.
    const count = ({ topics }: GroupResponses['offsetCommit']): void => {
      const { errorCode } = topics[0]!.partitions[0]!
      if (errorCode !== ErrorCode.NONE) return
      this.#world.acked.set(partition, Math.max(this.#world.acked.get(partition) ?? 0, offset))
    }
    const life = this.#life
    this.#isAsking = true
    const done = (errorCode: ErrorCode): void => {
      if (life !== this.#life) return
      this.#isAsking = false
      if (errorCode !== ErrorCode.NONE) this.#failed(errorCode)
    }
    this.#world.ask<'offsetCommit'>(
      { api: 'offsetCommit', request, apiVersion: 9 },
      (response) => {
        count(response)
        done(response.topics[0]!.partitions[0]!.errorCode as ErrorCode)
      },
      () => {
        done(ErrorCode.NONE)
      },
    )
  }

  #failed(errorCode: number): void {
    switch (errorCode) {
      case ErrorCode.UNKNOWN_MEMBER_ID:
      case ErrorCode.GROUP_MAX_SIZE_REACHED:
      case ErrorCode.GROUP_ID_NOT_FOUND:
        this.memberId = ''
        this.state = 'idle'
        return
      case ErrorCode.REBALANCE_IN_PROGRESS:
      case ErrorCode.ILLEGAL_GENERATION:
        this.state = 'idle'
        return
      case ErrorCode.FENCED_INSTANCE_ID:
        this.#reset()
        return
      default:
        assert.fail(`error ${errorCode}`)
    }
  }
}

const nothing = (): void => {}

async function storm(world: World, steps: number): Promise<void> {
  for (let i = 0; i < 5; i++) world.members.push(new Member(world, `m${i}`, i >= 3))
  for (let step = 0; step < steps; step++) {
    const member = world.members[below(world.random, world.members.length)]!
    const dice = below(world.random, 200)
    if (dice < 4) member.stop(world.chance(50))
    else if (dice < 20) member.start()
    else if (dice < 23) member.changeSubscription(world.chance(50) ? ['t'] : ['t', 'u'])
    else if (dice < 25) world.log.failNext = ErrorCode.NOT_ENOUGH_REPLICAS
    else if (dice < 26) world.log.lose()
    else if (dice < 28) await world.move()
    else if (dice < 40) world.log.autoCommit = world.chance(70)
    else if (dice < 60) world.log.commit()
    else if (dice < 100) await world.time.pass(below(world.random, 4_000))
    else member.act()
    await settle()
    world.check()
  }
}

/** No more trouble: members do what members do, every second. */
async function calm(world: World): Promise<void> {
  world.log.autoCommit = true
  world.log.failNext = undefined
  world.log.commit()
  for (let second = 0; second < 200; second++) {
    for (const member of world.members) for (let i = 0; i < 3; i++) member.act()
    await settle()
    await world.time.pass(1_000)
    world.check()
  }
}

function ask<A extends keyof GroupResponses>(world: World, request: Extract<GroupRequest, { readonly api: A }>) {
  return new Promise<GroupResponses[A]>((resolve, reject) => {
    world.ask(request, resolve, (error) => {
      reject(new Error(`error ${error}`))
    })
  })
}

const byKey = (records: Iterable<GroupRecord>): string[] =>
  Array.from(records, (record) => {
    const { key, value } = encodeGroupRecord(record)
    return `${Buffer.from(key).toString('hex')} ${value === null ? '' : Buffer.from(value).toString('hex')}`
  }).toSorted()

const snapshot = (world: World): string[] => byKey((world.host.machine() as GroupShard).snapshot())

for (let seed = 1; seed <= 25; seed++) {
  test(`members come and go, the coordinator fails and moves (seed ${seed})`, async () => {
    const world = new World(seed)
    await world.host.loaded()
    await storm(world, 600)
    await calm(world)

    const alive = world.members.filter(({ isAlive }) => isAlive)
    const [described] = await ask<'describeGroups'>(world, { api: 'describeGroups', groupIds: ['g'], apiVersion: 5 })
    assert.ok(described)
    assert.equal(described.groupState, alive.length === 0 ? described.groupState : 'Stable')
    assert.deepEqual(
      described.members.map(({ memberId }) => memberId).toSorted(),
      alive.map(({ memberId }) => memberId).toSorted(),
    )
    for (const member of alive) assert.equal(member.state, 'member')
    assert.equal(new Set(alive.map(({ generationId }) => generationId)).size, Math.min(alive.length, 1))

    assert.equal(world.unanswered, 0, 'every request has been answered')
    const live = snapshot(world)
    for (const member of world.members) member.stop(false)
    await world.move()
    await world.host.loaded()
    assert.deepEqual(snapshot(world), live, 'replay equals live')
    await world.time.pass(10 * 60_000)
    world.check()
    world.host.close()
  })
}
