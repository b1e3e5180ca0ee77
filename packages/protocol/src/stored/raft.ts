/** What a node of the metadata quorum remembers outside the log. */
import { int32, int64, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * The file `quorum-state` of a node: epoch, vote and leader, made durable before a vote is answered (KIP-595). Data
 * version 1 belongs to kraft.version 1 and adds the directory id of the vote (KIP-853).
 */
export const QuorumStateData = message({
  kind: 'data',
  name: 'QuorumStateData',
  versions: '0-1',
  flexible: '0+',
  fields: {
    clusterId: string({ versions: '0' }),
    leaderId: int32({ default: -1 }),
    leaderEpoch: int32({ default: -1 }),
    votedId: int32({ default: -1 }),
    votedDirectoryId: uuid({ versions: '1+' }),
    appliedOffset: int64({ versions: '0' }),
    currentVoters: structs(
      {
        voterId: int32({ versions: '0' }),
      },
      { versions: '0', nullable: '0' },
    ),
  },
})
export interface QuorumStateData extends Infer<typeof QuorumStateData> {}
