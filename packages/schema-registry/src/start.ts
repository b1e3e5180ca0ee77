/** Starts a registry: reads `_schemas`, joins the election, listens. */
import type { RegistryOptions } from './options.ts'
import { RegistryError } from './errors.ts'

/** A running registry. */
export interface Registry extends AsyncDisposable {
  /** `http://127.0.0.1:8081`. */
  readonly url: string
  readonly port: number
  /** Resolves when it has stopped: with the error, if it stopped by itself. */
  readonly stopped: Promise<Error | undefined>
  /** Whether this instance writes. */
  readonly isLeader: boolean
  /** Finishes the requests at work within the bound (default 10,000), leaves the group, closes. */
  close(options?: { readonly timeoutMs?: number }): Promise<void>
}

/** Ready when this resolves: `_schemas` is read to its end and the port listens. @throws RegistryError, KafkaError */
export async function startRegistry(options: RegistryOptions): Promise<Registry> {
  throw new RegistryError('CLOSED', `not started: ${options.topic ?? '_schemas'}`)
}
