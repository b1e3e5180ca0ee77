/** Control records. */
import { int16, int32, int64, string, struct, structs, uint16, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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
