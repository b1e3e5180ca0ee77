/**
 * A leader's dealings with the other replicas: how far each has come, and the wishes for other in-sync replicas that the
 * controller is asked for.
 */
import type { Clock } from '@braidlog/base'
import type { Log } from '@braidlog/log'
import type { IsrAnswer, PartitionAssignment, ReplicaFetchOptions } from './partition-api.ts'
import type { Progress } from './progress.ts'
import { ReplicaSet, type IsrProposal, type ReplicaSetOptions } from './replica-set.ts'
import type { Role } from './role.ts'

export interface LeadingOptions extends ReplicaSetOptions {
  readonly log: Log
  readonly clock: Clock
  readonly onIsrProposal: (proposal: IsrProposal) => void
}

export class Leading {
  readonly #options: LeadingOptions
  readonly #role: Role
  readonly #progress: Progress
  readonly #log: Log
  readonly #clock: Clock
  /** What the controller is being asked for. */
  #announced: IsrProposal | undefined = undefined

  constructor(role: Role, progress: Progress, options: LeadingOptions) {
    this.#options = options
    this.#role = role
    this.#progress = progress
    this.#log = options.log
    this.#clock = options.clock
  }

  /** @param isNewLeader in a new epoch, or after it has followed */
  lead(assignment: PartitionAssignment, isNewLeader: boolean): void {
    this.#announced = undefined
    if (assignment.replicas.length === 1) {
      this.#progress.leadAlone()
      this.#progress.maybeTrimmed()
      return
    }
    const { logEndOffset } = this.#log
    const nowMs = this.#clock.monotonicMs()
    let { replicas } = this.#progress
    if (replicas === undefined || isNewLeader) {
      replicas = new ReplicaSet(this.#options, assignment, logEndOffset, nowMs)
    } else replicas.update(assignment, logEndOffset, nowMs)
    this.#progress.leadWith(replicas)
    this.#progress.maybeTrimmed()
  }

  /** It leads no longer. */
  end(): void {
    this.#announced = undefined
  }

  /** The leader knows of this follower. */
  isFollowedBy(replicaId: number): boolean {
    return this.#progress.replicas?.caughtUpMsOf(replicaId) !== undefined
  }

  /** Takes note of how far a follower has come; it is given what is written, and has caught up when it has that. */
  followerFetched({ replicaId, replicaEpoch, fetchOffset, logStartOffset }: ReplicaFetchOptions): void {
    const { replicas, highWatermark } = this.#progress
    if (replicas === undefined) return
    replicas.followerFetched(
      { replicaId, brokerEpoch: replicaEpoch, fetchOffset, logStartOffset },
      { endOffset: this.#log.writtenOffset, highWatermark },
      this.#clock.monotonicMs(),
    )
    this.#announce(replicas)
    this.#progress.maybeAdvance(replicas)
    this.#progress.maybeTrimmed()
  }

  /** The controller has answered: with the partition as it is now, or (`undefined`) that it did not change it. */
  isrAnswered(proposal: IsrProposal, answer: IsrAnswer | undefined): void {
    const { replicas } = this.#progress
    if (replicas === undefined) return
    if (answer === undefined) replicas.refused(proposal)
    else if (replicas.committed(answer)) this.#role.partitionChanged(answer.partitionEpoch)
    this.#progress.maybeAdvance(replicas)
  }

  /** Who has not kept up is to leave the replicas in sync. */
  maybeShrinkIsr(): void {
    const { replicas } = this.#progress
    if (replicas === undefined || this.#role.offline) return
    replicas.maybeShrink(this.#log.writtenOffset, this.#clock.monotonicMs())
    this.#announce(replicas)
    // Who was waited for because it had nearly caught up may have fallen behind since.
    this.#progress.maybeAdvance(replicas)
  }

  #announce(replicas: ReplicaSet): void {
    const proposal = replicas.pendingProposal
    if (proposal === this.#announced) return
    this.#announced = proposal
    if (proposal !== undefined) this.#options.onIsrProposal(proposal)
  }
}
