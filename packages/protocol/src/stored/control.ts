/** Keys and values of control records: transaction markers, and what the metadata quorum writes into its own log. */
import { int16, int32, int64, string, struct, structs, uint16, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * Key of a control record: what the record is. 0 abort, 1 commit, 2 leader change, 3 snapshot header, 4 snapshot
 * footer, 5 kraft.version, 6 voters.
 */
export const ControlRecordTypeSchema = message({
  kind: 'data',
  name: 'ControlRecordTypeSchema',
  versions: '0',
  flexible: 'none',
  fields: {
    type: int16(),
  },
})
export interface ControlRecordTypeSchema extends Infer<typeof ControlRecordTypeSchema> {}

/**
 * Value of an abort or commit marker: the epoch of the transaction coordinator, by which a marker of a replaced
 * coordinator is refused.
 */
export const EndTxnMarker = message({
  kind: 'data',
  name: 'EndTxnMarker',
  versions: '0',
  flexible: 'none',
  fields: {
    coordinatorEpoch: int32(),
  },
})
export interface EndTxnMarker extends Infer<typeof EndTxnMarker> {}

const VoterFields = {
  voterId: int32(),
  voterDirectoryId: uuid({ versions: '1+' }),
}

/**
 * First record of an epoch in the metadata log: the leader, the voters and who voted for it (KIP-595). Version 1 adds
 * directory ids (KIP-853).
 */
export const LeaderChangeMessage = message({
  kind: 'data',
  name: 'LeaderChangeMessage',
  versions: '0-1',
  flexible: '0+',
  fields: {
    version: int16(),
    leaderId: int32(),
    voters: structs(VoterFields),
    grantingVoters: structs(VoterFields),
  },
})
export interface LeaderChangeMessage extends Infer<typeof LeaderChangeMessage> {}

/** First record of a snapshot: the timestamp of the last record that it contains (KIP-630). */
export const SnapshotHeaderRecord = message({
  kind: 'data',
  name: 'SnapshotHeaderRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    version: int16(),
    lastContainedLogTimestamp: int64(),
  },
})
export interface SnapshotHeaderRecord extends Infer<typeof SnapshotHeaderRecord> {}

/** Last record of a snapshot: a file that ends before it is not whole (KIP-630). */
export const SnapshotFooterRecord = message({
  kind: 'data',
  name: 'SnapshotFooterRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    version: int16(),
  },
})
export interface SnapshotFooterRecord extends Infer<typeof SnapshotFooterRecord> {}

/** The level of kraft.version; from 1 on the voters are in the log (KIP-853). */
export const KRaftVersionRecord = message({
  kind: 'data',
  name: 'KRaftVersionRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    version: int16(),
    kRaftVersion: int16(),
  },
})
export interface KRaftVersionRecord extends Infer<typeof KRaftVersionRecord> {}

/**
 * The voters of the metadata quorum with their directory ids, endpoints and the range of kraft.version that they
 * support (KIP-853).
 */
export const VotersRecord = message({
  kind: 'data',
  name: 'VotersRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    version: int16(),
    voters: structs({
      voterId: int32(),
      voterDirectoryId: uuid(),
      endpoints: structs({
        name: string(),
        host: string(),
        port: uint16(),
      }),
      kRaftVersionFeature: struct({
        minSupportedVersion: int16(),
        maxSupportedVersion: int16(),
      }),
    }),
  },
})
export interface VotersRecord extends Infer<typeof VotersRecord> {}
