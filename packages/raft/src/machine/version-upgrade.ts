/**
 * From a static quorum to a dynamic one: kraft.version 0 to 1, with the voters that the configuration has named until then.
 *
 * Nothing in the log of a static quorum says which directory a voter has, where it listens and what it supports, and a
 * dynamic one needs to know all of that of every voter. So each follower tells each new leader (UpdateRaftVoter), and the
 * leader keeps it in memory for as long as it leads. Once it has heard of all of them, kraft.version and voters may be
 * written, in one batch.
 *
 * Invariant: the ids of the voters stay the same, and each comes in with the directory that it fetches for: every majority
 * of the new voters is one of the old ones.
 * Source: KIP-853; `LeaderState` and `KRaftVersionUpgrade` of Apache Kafka.
 */
import { assert } from '@braidlog/base'
import { ZERO_UUID } from '@braidlog/model'
import { KRAFT_VERSIONS, type Voter } from '../voters.ts'
import type { Leader, Progress } from './roles.ts'
import type { RaftState } from './state.ts'
import { changeProblem, includes } from './voter-change.ts'

/** Appends the new version and the voters. The caller has asked for {@link upgradeProblem} in the same turn. */
export function upgradeVersion(raft: RaftState, kraftVersion: number): void {
  const { leader } = raft
  assert(leader !== undefined && upgradeProblem(raft, kraftVersion) === undefined, 'the version can be raised')
  const deadlineMs = raft.nowMs + raft.timeouts.requestTimeoutMs
  leader.change = { request: { type: 'upgradeVersion' }, token: undefined, deadlineMs, offset: undefined }
  const voters = raft.voters.voters.map((voter) => known(raft, leader, voter)!)
  raft.emit({ type: 'append-voters', epoch: raft.epoch, voters, kraftVersion })
}

/** Why kraft.version cannot be raised now, as a sentence without its end. */
export function upgradeProblem(raft: RaftState, kraftVersion: number): string | undefined {
  const { leader } = raft
  const { kraftVersion: current, voters } = raft.voters.quorum
  if (leader === undefined) return `node ${raft.local.id} does not lead the quorum`
  if (kraftVersion <= current) return `kraft.version is at ${current} and is never lowered`
  const problem = changeProblem(raft, leader)
  if (problem !== undefined) return problem.message
  for (const voter of voters) {
    const told = known(raft, leader, voter)
    if (told === undefined) {
      return (
        `voter ${voter.id} has not told this leader of its directory: it is down, has only just started, ` +
        `or is too old for kraft.version ${kraftVersion}`
      )
    }
    const range = told.kraftVersions ?? KRAFT_VERSIONS
    if (!includes(range, kraftVersion)) return `voter ${voter.id} supports kraft.version ${range.min} to ${range.max}`
    const { directoryId } = lastToFetch(leader, voter.id)?.key ?? { directoryId: ZERO_UUID }
    if (directoryId !== ZERO_UUID && directoryId !== told.directoryId) {
      return `voter ${voter.id} has told of directory ${told.directoryId} and fetches for ${directoryId}`
    }
  }
  return undefined
}

function known(raft: RaftState, leader: Leader, { id }: Voter): Voter | undefined {
  const { directoryId, endpoints } = raft.local
  return id === raft.local.id ? { id, directoryId, endpoints, kraftVersions: KRAFT_VERSIONS } : leader.told.get(id)
}

function lastToFetch(leader: Leader, id: number): Progress | undefined {
  return leader.replicas
    .filter(({ key }) => key.id === id)
    .reduce<Progress | undefined>(
      (last, each) => (last && last.lastFetchMs >= each.lastFetchMs ? last : each),
      undefined,
    )
}
