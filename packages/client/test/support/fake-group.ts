/** A classic group as the fake broker keeps it: enough of the protocol for the client's side of it. */
import type { World } from './world.ts'

interface Member {
  readonly id: string
  protocols: readonly { readonly name: string; readonly metadata: Uint8Array }[]
  joined: ((response: object) => void) | undefined
  synced: ((response: object) => void) | undefined
  lastSeenMs: number
  sessionTimeoutMs: number
}

const NONE = 0
const ILLEGAL_GENERATION = 22
const UNKNOWN_MEMBER_ID = 25
const REBALANCE_IN_PROGRESS = 27
const MEMBER_ID_REQUIRED = 79

/** How long a rebalance waits for members that have not rejoined. */
const REBALANCE_MS = 10_000

export class FakeGroup {
  readonly offsets = new Map<string, { offset: number; epoch: number; metadata: string | null }>()
  /** Commits in the order in which they were accepted. */
  readonly commits: { readonly key: string; readonly offset: number; readonly memberId: string }[] = []
  readonly #world: World
  readonly #members = new Map<string, Member>()
  readonly #known = new Set<string>()
  generation = 0
  #leader = ''
  #isRebalancing = false
  #assignments: Map<string, Uint8Array> | undefined
  #ids = 0
  #round = 0

  constructor(world: World) {
    this.#world = world
  }

  get memberIds(): string[] {
    return [...this.#members.keys()]
  }

  /** Forgets a member, as a coordinator does when its session expires. */
  expel(memberId: string): void {
    this.#members.delete(memberId)
    this.#known.delete(memberId)
    this.#rebalance()
  }

  async join(request: {
    memberId: string
    sessionTimeoutMs: number
    protocols: readonly { name: string; metadata: Uint8Array }[]
  }): Promise<object> {
    if (request.memberId === '') {
      const memberId = `member-${++this.#ids}`
      this.#known.add(memberId)
      return { errorCode: MEMBER_ID_REQUIRED, memberId }
    }
    if (!this.#known.has(request.memberId)) return { errorCode: UNKNOWN_MEMBER_ID, memberId: '' }
    const { sessionTimeoutMs, protocols } = request
    const before = this.#members.get(request.memberId)
    const member: Member = {
      id: request.memberId,
      protocols,
      joined: undefined,
      synced: before?.synced,
      lastSeenMs: this.#world.nowMs,
      sessionTimeoutMs,
    }
    this.#members.set(member.id, member)
    return await new Promise<object>((resolve) => {
      member.joined = resolve
      this.#rebalance()
      this.#completeIfAllJoined()
    })
  }

  async sync(request: {
    memberId: string
    generationId: number
    assignments: readonly { memberId: string; assignment: Uint8Array }[]
  }): Promise<object> {
    const code = this.#check(request.memberId, request.generationId)
    if (code !== NONE) return { errorCode: code, assignment: new Uint8Array(0) }
    if (this.#isRebalancing) return { errorCode: REBALANCE_IN_PROGRESS, assignment: new Uint8Array(0) }
    if (request.memberId === this.#leader) {
      this.#assignments = new Map(request.assignments.map((each) => [each.memberId, each.assignment]))
      for (const member of this.#members.values()) {
        const { synced } = member
        member.synced = undefined
        synced?.({ errorCode: NONE, assignment: this.#assignments.get(member.id) ?? new Uint8Array(0) })
      }
    }
    if (this.#assignments !== undefined) {
      return { errorCode: NONE, assignment: this.#assignments.get(request.memberId) ?? new Uint8Array(0) }
    }
    return await new Promise<object>((resolve) => (this.#members.get(request.memberId)!.synced = resolve))
  }

  heartbeat(memberId: string, generationId: number): number {
    const code = this.#check(memberId, generationId)
    if (code !== NONE) return code
    this.#members.get(memberId)!.lastSeenMs = this.#world.nowMs
    return this.#isRebalancing ? REBALANCE_IN_PROGRESS : NONE
  }

  leave(memberId: string): number {
    if (!this.#members.delete(memberId)) return UNKNOWN_MEMBER_ID
    this.#known.delete(memberId)
    this.#rebalance()
    this.#completeIfAllJoined()
    return NONE
  }

  commit(
    memberId: string,
    generationId: number,
    key: string,
    offset: number,
    epoch: number,
    metadata: string | null,
  ): number {
    const isOutside = memberId === '' && generationId < 0
    const code = isOutside ? (this.#members.size === 0 ? NONE : UNKNOWN_MEMBER_ID) : this.#check(memberId, generationId)
    if (code !== NONE) return code
    this.offsets.set(key, { offset, epoch, metadata })
    this.commits.push({ key, offset, memberId })
    return NONE
  }

  #check(memberId: string, generationId: number): number {
    if (!this.#members.has(memberId)) return UNKNOWN_MEMBER_ID
    return generationId === this.generation ? NONE : ILLEGAL_GENERATION
  }

  #rebalance(): void {
    if (this.#isRebalancing || this.#members.size === 0) return
    this.#isRebalancing = true
    this.#assignments = undefined
    for (const member of this.#members.values()) {
      const { synced } = member
      member.synced = undefined
      synced?.({ errorCode: REBALANCE_IN_PROGRESS, assignment: new Uint8Array(0) })
    }
    const round = ++this.#round
    this.#world.timers.after(REBALANCE_MS, () => {
      if (!this.#isRebalancing || round !== this.#round) return
      for (const [id, member] of this.#members) if (member.joined === undefined) this.#members.delete(id)
      this.#completeIfAllJoined()
    })
  }

  #completeIfAllJoined(): void {
    const members = [...this.#members.values()]
    if (!this.#isRebalancing || members.length === 0 || members.some((each) => each.joined === undefined)) return
    this.#isRebalancing = false
    this.generation++
    if (!this.#members.has(this.#leader)) this.#leader = members[0]!.id
    const names = members.map((each) => new Set(each.protocols.map((protocol) => protocol.name)))
    const protocolName = members[0]!.protocols.find(({ name }) => names.every((each) => each.has(name)))!.name
    for (const member of members) {
      const { joined } = member
      member.joined = undefined
      const metadataOf = (each: Member): Uint8Array =>
        each.protocols.find(({ name }) => name === protocolName)!.metadata
      joined!({
        errorCode: NONE,
        generationId: this.generation,
        protocolType: 'consumer',
        protocolName,
        leader: this.#leader,
        memberId: member.id,
        members:
          member.id === this.#leader
            ? members.map((each) => ({ memberId: each.id, groupInstanceId: null, metadata: metadataOf(each) }))
            : [],
      })
    }
  }
}
