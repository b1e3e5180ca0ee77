/**
 * The quorum's own batches. The first of a leader's epoch: LEADER_CHANGE and, in a dynamic quorum, its version and voters when the log does
 * not have them yet or the leader's own endpoints have changed.
 *
 * Source: KIP-595, KIP-853.
 */
import { ZERO_UUID } from '@braidlog/model'
import { KRaftVersionRecord, LeaderChangeMessage, VotersRecord } from '@braidlog/protocol'
import { BatchBuilder, CONTROL_TYPES, type Codecs, type ControlRecord } from '@braidlog/records'
import { sameEndpoints, votersRecord, type QuorumConfiguration, type Voter } from './voters.ts'

export interface BatchPlace {
  readonly codecs: Codecs
  readonly baseOffset: number
  readonly epoch: number
  readonly timestampMs: number
}

export interface EpochStart extends BatchPlace {
  readonly leader: Voter
  readonly quorum: QuorumConfiguration
  /** Who voted for the leader. */
  readonly grantedBy: readonly { readonly id: number }[]
}

/** Apache Kafka writes version 0, without directory ids, at every kraft.version. */
const LEADER_CHANGE_VERSION = 0
const BATCH_SIZE_BYTES_MAX = 1024 * 1024

export function epochStartBatch(start: EpochStart): {
  readonly bytes: Uint8Array
  readonly controls: readonly ControlRecord[]
} {
  const { leader, quorum } = start
  const controls: ControlRecord[] = [
    {
      type: 'leaderChange',
      message: {
        version: LEADER_CHANGE_VERSION,
        leaderId: leader.id,
        voters: quorum.voters.map((voter) => ({ voterId: voter.id, voterDirectoryId: ZERO_UUID })),
        grantingVoters: start.grantedBy.map((voter) => ({ voterId: voter.id, voterDirectoryId: ZERO_UUID })),
      },
    },
  ]
  if (quorum.kraftVersion > 0 && votersAreDue(quorum, leader)) {
    const voters = quorum.voters.map((voter) => (voter.id === leader.id ? leader : voter))
    controls.push({ type: 'kraftVersion', message: { version: 0, kRaftVersion: quorum.kraftVersion } })
    controls.push({ type: 'kraftVoters', message: votersRecord(voters) })
  }
  return { bytes: controlBatchOf(start, controls), controls }
}

/** A control batch with a new set of voters, and the kraft.version that begins with them. */
export function votersBatch(
  position: BatchPlace,
  voters: readonly Voter[],
  kraftVersion?: number,
): { readonly bytes: Uint8Array; readonly controls: readonly ControlRecord[] } {
  const controls: ControlRecord[] = [{ type: 'kraftVoters', message: votersRecord(voters) }]
  if (kraftVersion !== undefined)
    controls.unshift({ type: 'kraftVersion', message: { version: 0, kRaftVersion: kraftVersion } })
  return { bytes: controlBatchOf(position, controls), controls }
}

function controlBatchOf(place: BatchPlace, controls: readonly ControlRecord[]): Uint8Array {
  const builder = new BatchBuilder({ codecs: place.codecs, sizeBytesMax: BATCH_SIZE_BYTES_MAX })
  for (const control of controls) {
    const key = Uint8Array.of(0, 0, 0, CONTROL_TYPES.indexOf(control.type))
    builder.append(key, encodeControl(control), place.timestampMs)
  }
  return builder.build({ baseOffset: place.baseOffset, leaderEpoch: place.epoch, control: true }).slice()
}

function votersAreDue(quorum: QuorumConfiguration, leader: Voter): boolean {
  if (quorum.votersOffset < 0) return true
  const known = quorum.voters.find((voter) => voter.id === leader.id)
  return known === undefined || !sameEndpoints(known.endpoints, leader.endpoints)
}

function encodeControl(control: ControlRecord): Uint8Array {
  switch (control.type) {
    case 'kraftVersion':
      return KRaftVersionRecord.encode(control.message, 0)
    case 'kraftVoters':
      return VotersRecord.encode(control.message, 0)
    case 'leaderChange':
      return LeaderChangeMessage.encode(control.message, LEADER_CHANGE_VERSION)
    default:
      throw new RangeError(`${control.type} does not begin an epoch`)
  }
}
