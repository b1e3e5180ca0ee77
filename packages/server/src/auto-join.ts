/**
 * Makes a controller a voter of a dynamic quorum by itself (`controller.quorum.auto.join.enable`): while it follows the metadata log
 * without a vote it asks the active controller for one, and first has the vote of its own earlier directory taken away, which a lost
 * disk left behind.
 *
 * Whether it may vote is for the leader of the quorum to decide: one change at a time, and only who has caught up.
 * Source: KIP-853, KIP-1186.
 */
import type { Logger, Timer, Timers } from '@braidlog/base'
import type { ClusterLink } from '@braidlog/broker'
import type { ControllerNode } from '@braidlog/controller'
import type { VoterEndpoint } from '@braidlog/metadata'
import { ErrorCode, errorName } from '@braidlog/model'

export interface AutoJoinOptions {
  readonly nodeId: number
  readonly clusterId: string
  readonly endpoints: readonly VoterEndpoint[]
  readonly controller: ControllerNode
  readonly link: Pick<ClusterLink, 'submit'>
  /** Pause between looks, and the most that one request takes: `controller.quorum.fetch.timeout.ms`. */
  readonly intervalMs: number
  readonly timers: Timers
  readonly logger: Logger
}

/** @returns a function that ends it */
export function joinVoters(options: AutoJoinOptions): () => void {
  const { nodeId, clusterId, endpoints, controller, link, intervalMs, timers, logger } = options
  const { directoryId: voterDirectoryId } = controller
  const timeoutMs = Math.max(1, intervalMs)
  let isClosed = false
  let timer: Timer | undefined

  /** @returns what is to be asked for now, if anything */
  const wish = (): (() => Promise<{ errorCode: number; errorMessage: string | null }>) | undefined => {
    const { raft } = controller
    if (raft.kraftVersion < 1 || controller.leader === undefined || raft.applied.endOffset < raft.highWatermark)
      return undefined
    const own = raft.voters.find((voter) => voter.id === nodeId)
    if (own?.directoryId === voterDirectoryId) return undefined
    if (own !== undefined) {
      const earlier = { clusterId, voterId: nodeId, voterDirectoryId: own.directoryId }
      return () => link.submit('removeRaftVoter', earlier, { timeoutMs, once: true })
    }
    const listeners = endpoints.map((endpoint) => ({ ...endpoint }))
    // Not waiting for the commit: this node may be needed for it.
    const asked = { clusterId, timeoutMs, voterId: nodeId, voterDirectoryId, listeners, ackWhenCommitted: false }
    return () => link.submit('addRaftVoter', asked, { timeoutMs, once: true })
  }
  const look = async (): Promise<void> => {
    try {
      const answer = await wish()?.()
      if (answer === undefined) return
      const { errorCode, errorMessage } = answer
      if (errorCode === ErrorCode.NONE) logger.info('asked for a vote in the quorum', { nodeId, voterDirectoryId })
      else logger.debug('the quorum did not take this controller in', { error: errorName(errorCode), errorMessage })
    } catch (error) {
      logger.debug('the quorum did not answer', { error })
    }
  }
  const again = (): void => {
    if (isClosed) return
    timer = timers.after(intervalMs, () => void look().finally(again))
  }
  again()
  return () => {
    isClosed = true
    timer?.cancel()
  }
}
