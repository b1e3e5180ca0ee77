/**
 * The vote of this node: what must survive a restart so that no epoch has two leaders. Stored as one line of JSON in the
 * file `quorum-state` beside the log, as Apache Kafka writes it.
 *
 * Invariant: the file is durable before anything that depends on the vote happens.
 * Source: KIP-595, KIP-853; `QuorumStateData` versions 0 (kraft.version 0) and 1.
 */
import { parseUuid, ZERO_UUID, type Uuid } from '@braidlog/model'
import { RaftError } from './errors.ts'

export const NO_NODE = -1

export interface ElectionState {
  readonly leaderEpoch: number
  /** The leader of the epoch, or {@link NO_NODE} while there is none. */
  readonly leaderId: number
  /** Whom this node voted for in the epoch, or {@link NO_NODE}. */
  readonly votedId: number
  /** Directory of the candidate voted for, from kraft.version 1 on. */
  readonly votedDirectoryId: Uuid
}

/** Before the first election. */
export const UNATTACHED: ElectionState = {
  leaderEpoch: 0,
  leaderId: NO_NODE,
  votedId: NO_NODE,
  votedDirectoryId: ZERO_UUID,
}

/** @param voters written for kraft.version 0 only, where the file names them */
export function formatElectionState(state: ElectionState, kraftVersion: number, voters: readonly number[]): string {
  const { leaderId, leaderEpoch, votedId, votedDirectoryId } = state
  if (kraftVersion > 0) return JSON.stringify({ leaderId, leaderEpoch, votedId, votedDirectoryId, data_version: 1 })
  const currentVoters = voters.map((voterId) => ({ voterId }))
  return JSON.stringify({
    clusterId: '',
    leaderId,
    leaderEpoch,
    votedId,
    appliedOffset: 0,
    currentVoters,
    data_version: 0,
  })
}

/** @throws RaftError `CORRUPT` */
export function parseElectionState(text: string, path: string): ElectionState {
  let values: Record<string, unknown>
  try {
    values = JSON.parse(text) as Record<string, unknown>
  } catch (cause) {
    throw new RaftError('CORRUPT', `${path} is not JSON; this node's vote is lost`, { cause })
  }
  const version = values['data_version']
  if (version !== 0 && version !== 1) {
    throw new RaftError('CORRUPT', `${path} has data_version ${String(version)}; 0 and 1 are known`)
  }
  const integer = (name: string): number => {
    const value = values[name]
    if (!Number.isInteger(value)) throw new RaftError('CORRUPT', `${path} has no integer ${name}`)
    return value as number
  }
  const directory = version === 1 ? parseUuid(String(values['votedDirectoryId'])) : ZERO_UUID
  if (directory === undefined) throw new RaftError('CORRUPT', `${path} has no uuid votedDirectoryId`)
  return {
    leaderEpoch: integer('leaderEpoch'),
    leaderId: integer('leaderId'),
    votedId: integer('votedId'),
    votedDirectoryId: directory,
  }
}
