/**
 * Who votes. A static quorum (kraft.version 0) is named by the configuration; a dynamic one (kraft.version 1) by the last
 * KRAFT_VOTERS control record in the log or in the snapshot before it, and it takes effect as soon as it is appended.
 *
 * Source: KIP-595, KIP-853.
 */
import { ZERO_UUID, type Uuid } from '@braidlog/model'
import type { VotersRecord } from '@braidlog/protocol'
import type { ControlRecord } from '@braidlog/records'

/** What this release supports of kraft.version. */
export const KRAFT_VERSIONS = { min: 0, max: 1 } as const

export interface VoterEndpoint {
  readonly name: string
  readonly host: string
  readonly port: number
}

export interface Voter {
  readonly id: number
  /** {@link ZERO_UUID} in a static quorum. */
  readonly directoryId: Uuid
  readonly endpoints: readonly VoterEndpoint[]
  /** What the voter supports of kraft.version; what this release does when left out. */
  readonly kraftVersions?: { readonly min: number; readonly max: number }
}

/** What the control records up to some offset say of the quorum. */
export interface QuorumConfiguration {
  readonly kraftVersion: number
  readonly voters: readonly Voter[]
  /** Offset of the voters' record; -1 when it stands in no log but in the snapshot that formatting left, or nowhere. */
  readonly votersOffset: number
}

export function staticQuorum(voters: readonly Voter[]): QuorumConfiguration {
  return {
    kraftVersion: 0,
    voters: voters.map((voter) => ({ ...voter, directoryId: ZERO_UUID })),
    votersOffset: -1,
  }
}

/** @param offset of the batch that holds the control records, or -1 */
export function applyControls(
  configuration: QuorumConfiguration,
  controls: readonly ControlRecord[],
  offset: number,
): QuorumConfiguration {
  let { kraftVersion, voters, votersOffset } = configuration
  for (const control of controls) {
    if (control.type === 'kraftVersion') kraftVersion = control.message.kRaftVersion
    else if (control.type === 'kraftVoters') {
      voters = control.message.voters.map((voter) => ({
        id: voter.voterId,
        directoryId: voter.voterDirectoryId,
        endpoints: voter.endpoints,
        kraftVersions: {
          min: voter.kRaftVersionFeature.minSupportedVersion,
          max: voter.kRaftVersionFeature.maxSupportedVersion,
        },
      }))
      votersOffset = offset
    }
  }
  return { kraftVersion, voters, votersOffset }
}

export function votersRecord(voters: readonly Voter[]): VotersRecord {
  return {
    version: 0,
    voters: voters.map((voter) => ({
      voterId: voter.id,
      voterDirectoryId: voter.directoryId,
      endpoints: [...voter.endpoints],
      kRaftVersionFeature: {
        minSupportedVersion: voter.kraftVersions?.min ?? KRAFT_VERSIONS.min,
        maxSupportedVersion: voter.kraftVersions?.max ?? KRAFT_VERSIONS.max,
      },
    })),
  }
}

export function sameEndpoints(a: readonly VoterEndpoint[], b: readonly VoterEndpoint[]): boolean {
  const key = (endpoint: VoterEndpoint) => `${endpoint.name}|${endpoint.host}|${endpoint.port}`
  const keys = new Set(a.map(key))
  return keys.size === b.length && b.every((endpoint) => keys.has(key(endpoint)))
}
