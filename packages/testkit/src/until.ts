/**
 * What tests wait for instead of sleeping. Each resolves as soon as the condition holds and fails after the bound with
 * what was there instead.
 */
import type { Admin, GroupDescription, KafkaError } from '@braidlog/client'
import { waitFor, type Look } from './wait.ts'

export interface UntilOptions {
  /** Default: the instance's own bound. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export interface GroupUntilOptions extends UntilOptions {
  /** So many members, no more and no fewer. Default: one or more. */
  readonly members?: number
}

export interface CaughtUpOptions extends UntilOptions {
  /** Topics that the group must have read to the end. Default: those it has committed offsets of. */
  readonly topics?: readonly string[]
}

export class Until {
  readonly #admin: () => Admin
  readonly #timeoutMs: number

  constructor(admin: () => Admin, timeoutMs: number) {
    this.#admin = admin
    this.#timeoutMs = timeoutMs
  }

  /** Waits for any condition. @param condition returns true, or what it saw instead */
  async holds(
    what: string,
    condition: () => boolean | string | Promise<boolean | string>,
    options: UntilOptions = {},
  ): Promise<void> {
    await this.#wait(what, options, async () => {
      const result = await condition()
      if (result === true) return { done: true, value: undefined }
      return { done: false, seen: typeof result === 'string' ? result : 'it does not hold' }
    })
  }

  /** The topic exists and every partition has a leader. */
  async topicReady(topic: string, options: UntilOptions = {}): Promise<void> {
    await this.#wait(`topic ${topic} with leaders`, options, async (call) => {
      const [description] = await this.#admin().describeTopics([topic], call)
      const leaderless = description!.partitions.filter((one) => one.leader === null).map((one) => one.partition)
      if (leaderless.length === 0) return { done: true, value: undefined }
      return { done: false, seen: `partitions ${leaderless.join(', ')} without a leader` }
    })
  }

  /** No topic of that name exists any more. */
  async topicGone(topic: string, options: UntilOptions = {}): Promise<void> {
    await this.#wait(`topic ${topic} to be gone`, options, async (call) => {
      const topics = await this.#admin().listTopics(call)
      if (topics.every((one) => one.name !== topic)) return { done: true, value: undefined }
      return { done: false, seen: 'it exists' }
    })
  }

  /** The topic holds at least so many records, deleted ones not counted. */
  async recordCount(topic: string, count: number, options: UntilOptions = {}): Promise<void> {
    await this.#wait(`${count} records on ${topic}`, options, async (call) => {
      const seen = await countRecords(this.#admin(), topic, call)
      return seen >= count ? { done: true, value: undefined } : { done: false, seen: `${seen} records` }
    })
  }

  /** The group is stable: every member has its assignment. */
  async groupStable(groupId: string, options: GroupUntilOptions = {}): Promise<GroupDescription> {
    const { members } = options
    const what = `group ${groupId} to be stable${members === undefined ? '' : ` with ${members} members`}`
    return this.#wait(what, options, async (call) => {
      const group = await describeGroup(this.#admin(), groupId, call)
      const right = members === undefined ? group.members.length > 0 : group.members.length === members
      if (group.state === 'Stable' && right) return { done: true, value: group }
      return { done: false, seen: tellGroup(group) }
    })
  }

  /** The group has no members left. */
  async groupEmpty(groupId: string, options: UntilOptions = {}): Promise<void> {
    await this.#wait(`group ${groupId} to be empty`, options, async (call) => {
      const group = await describeGroup(this.#admin(), groupId, call)
      if (group.members.length === 0 && (group.state === 'Empty' || group.state === 'Dead')) {
        return { done: true, value: undefined }
      }
      return { done: false, seen: tellGroup(group) }
    })
  }

  /** What the group has committed is the end of every partition it reads. */
  async caughtUp(groupId: string, options: CaughtUpOptions = {}): Promise<void> {
    await this.#wait(`group ${groupId} to be caught up`, options, async (call) => {
      const behind = await lagOf(this.#admin(), groupId, options.topics, call)
      if (behind === undefined) return { done: false, seen: 'it has committed nothing' }
      const lagging = behind.filter((one) => one.lag > 0n)
      if (lagging.length === 0) return { done: true, value: undefined }
      return {
        done: false,
        seen: lagging.map((one) => `${one.topic}-${one.partition} is ${one.lag} behind`).join(', '),
      }
    })
  }

  #wait<T>(
    what: string,
    options: UntilOptions,
    look: (call: { timeoutMs: number; signal?: AbortSignal }) => Promise<Look<T>>,
  ): Promise<T> {
    const { timeoutMs = this.#timeoutMs, signal } = options
    return waitFor({ what, timeoutMs, signal }, (leftMs) =>
      look({ timeoutMs: leftMs, ...(signal !== undefined && { signal }) }),
    )
  }
}

type Call = { readonly timeoutMs?: number; readonly signal?: AbortSignal }

/** Partitions of the topics, with their ends. @returns one entry per partition */
async function rangesOf(
  admin: Admin,
  topics: readonly string[],
  call: Call,
): Promise<{ topic: string; partition: number; start: bigint; end: bigint }[]> {
  const described = await admin.describeTopics(topics, call)
  const partitions = described.flatMap((one) => one.partitions.map(({ partition }) => ({ topic: one.name, partition })))
  const [starts, ends] = await Promise.all([
    admin.listOffsets(
      partitions.map((one) => ({ ...one, at: 'earliest' as const })),
      call,
    ),
    admin.listOffsets(
      partitions.map((one) => ({ ...one, at: 'latest' as const })),
      call,
    ),
  ])
  return partitions.map((one, i) => ({ ...one, start: starts[i]!.offset ?? 0n, end: ends[i]!.offset ?? 0n }))
}

async function countRecords(admin: Admin, topic: string, call: Call): Promise<number> {
  const ranges = await rangesOf(admin, [topic], call)
  return ranges.reduce((sum, one) => sum + Number(one.end - one.start), 0)
}

async function describeGroup(admin: Admin, groupId: string, call: Call): Promise<GroupDescription> {
  const [group] = await admin.describeGroups([groupId], call)
  return group!
}

/** @returns `undefined` when the group has committed nothing that counts */
async function lagOf(
  admin: Admin,
  groupId: string,
  topics: readonly string[] | undefined,
  call: Call,
): Promise<{ topic: string; partition: number; lag: bigint }[] | undefined> {
  const committed = await admin.listGroupOffsets(groupId, undefined, call)
  const wanted = topics ?? [...new Set(committed.map((one) => one.topic))]
  if (wanted.length === 0) return undefined
  const positions = new Map(committed.map((one) => [`${one.topic}-${one.partition}`, one.offset]))
  const ranges = await rangesOf(admin, wanted, call)
  return ranges.map(({ topic, partition, start, end }) => {
    const position = positions.get(`${topic}-${partition}`) ?? start
    return { topic, partition, lag: end > position ? end - position : 0n }
  })
}

function tellGroup(group: GroupDescription): string {
  const members = group.members.map((one) => one.groupInstanceId ?? one.clientId)
  return `${group.state} with ${members.length} members${members.length > 0 ? ` (${members.join(', ')})` : ''}`
}

/** Everything on the broker that may explain why a test did not see what it expected; never throws. */
export async function tellState(admin: Admin, topic: string, timeoutMs: number): Promise<string[]> {
  const lines: string[] = []
  const call = { timeoutMs }
  const attempt = async (what: string, tell: () => Promise<string[]>): Promise<void> => {
    try {
      lines.push(...(await tell()))
    } catch (error) {
      lines.push(`${what}: ${(error as KafkaError).message}`)
    }
  }
  await attempt(`topic ${topic}`, async () =>
    (await rangesOf(admin, [topic], call)).map(
      (one) => `${one.topic}-${one.partition}: offsets ${one.start} to ${one.end} (${one.end - one.start} records)`,
    ),
  )
  await attempt('topics', async () => {
    const topics = await admin.listTopics(call)
    return [`topics: ${topics.map((one) => `${one.name}(${one.partitions})`).join(', ') || 'none'}`]
  })
  await attempt('groups', async () => {
    const listed = await admin.listGroups(call)
    if (listed.length === 0) return ['groups: none']
    const groups = await admin.describeGroups(
      listed.map((one) => one.groupId),
      call,
    )
    return groups.map((group) => `group ${group.groupId}: ${tellGroup(group)}`)
  })
  return lines
}
