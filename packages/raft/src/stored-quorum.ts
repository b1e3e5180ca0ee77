/** The quorum as the disk has it when a node starts. */
import type { LoadedSnapshot } from '@braidlog/metadata'
import { RaftError } from './errors.ts'
import type { LogBatch } from './machine/messages.ts'
import type { MetadataLog } from './metadata-log.ts'
import type { RaftNodeOptions } from './raft-node-options.ts'
import { applyControls, staticQuorum, type QuorumConfiguration } from './voters.ts'

export interface StoredQuorum {
  /** As of the snapshot, or the configured one. */
  readonly base: QuorumConfiguration
  /** Batches with control records after it, in order. */
  readonly batches: readonly LogBatch[]
  /** With all of them. */
  readonly quorum: QuorumConfiguration
}

export function storedQuorum(
  log: MetadataLog,
  options: RaftNodeOptions,
  snapshot: LoadedSnapshot | undefined = log.loadedSnapshot,
): StoredQuorum {
  let base = staticQuorum(options.staticVoters)
  // Offset 0 is no place in the log: such a snapshot is what formatting left.
  if (snapshot !== undefined) base = applyControls(base, snapshot.controls, snapshot.id.endOffset - 1)
  const batches = [...log.readControls(snapshot?.id.endOffset ?? 0)]
  const quorum = batches.reduce((before, batch) => applyControls(before, batch.controls, batch.baseOffset), base)
  return { base, batches, quorum }
}

/** @throws RaftError when a node without a network is not the only voter */
export function checkVoters(quorum: QuorumConfiguration, options: RaftNodeOptions): void {
  const { voters, kraftVersion } = quorum
  const names = voters.map((voter) => voter.id).join(', ')
  if (voters.length > 1) {
    throw new RaftError(
      'SEVERAL_VOTERS',
      `the quorum has the voters ${names}; without a network only a quorum of one runs`,
    )
  }
  const voter = voters[0]
  const isUs = voter?.id === options.nodeId && (kraftVersion === 0 || voter.directoryId === options.directoryId)
  if (isUs) return
  const us = `node ${options.nodeId}${kraftVersion === 0 ? '' : ` with directory ${options.directoryId}`}`
  throw new RaftError(
    'NOT_A_VOTER',
    voter === undefined
      ? `no voter is known: set controller.quorum.voters, or format the directory for a quorum of its own`
      : `the voter is node ${names} with directory ${voter.directoryId}, not ${us}`,
  )
}
