/**
 * What {@link CoordinatorHost} runs: a deterministic machine whose durable state is a log partition.
 *
 * `apply` is the only writer of replicated state, live and in replay alike. `decide` and `expire` may also change soft
 * state (who waits for what, sessions), which no log holds: it begins anew with `activate` on the next coordinator.
 *
 * The host's side of the contract: every record of a decision is applied, in order, before the next decision, and no
 * answer leaves before its records, and those applied earlier, are committed. When an append fails the machine is thrown
 * away.
 */
import type { Instant } from './instant.ts'

export interface MachineDecision<Response, Rec> {
  readonly records: readonly Rec[]
  /** May answer earlier requests, and may leave this one waiting. */
  readonly answers: readonly { readonly ticket: number; readonly response: Response }[]
}

export interface ReplicatedMachine<Request, Response, Rec> {
  /** @param ticket names the request in later answers; unique while it waits */
  decide(request: Request, ticket: number, now: Instant): MachineDecision<Response, Rec>
  /** @param producerId of a transactional record; -1 otherwise */
  apply(record: Rec, recordOffset: number, producerId: number): void
  /** A transaction marker in the log. */
  endTransaction(producerId: number, committed: boolean): void
  /** The replay has ended and this node coordinates: sessions begin. */
  activate(now: Instant): MachineDecision<Response, Rec>
  /** When `expire` is next useful, in monotonic time; `Infinity` if never. */
  nextDeadlineMs(): number
  expire(now: Instant): MachineDecision<Response, Rec>
  /** @returns what is wrong; empty in a correct program. */
  invariants(): string[]
}

/** Key and value as the log stores them; `value` null is a tombstone. */
export interface StoredRecord {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

export interface RecordSerde<Rec> {
  encode(record: Rec): StoredRecord
  /**
   * The result must hold no views of the input.
   * @returns `undefined` for a record that this release does not know and leaves alone
   */
  decode(key: Uint8Array, value: Uint8Array | null): Rec | undefined
}
