/**
 * Tells a registry which schemas are in use: reads what is new in the cluster when it is asked, and answers from the index.
 *
 * One update at a time; who asks while one runs waits for the next, so that an answer never misses what was written
 * before the question.
 */
import type { Kafka } from '@braidlog/client'
import type { SchemaUse as UsedBy, UsageSource } from '../options.ts'
import { withGroups } from './groups.ts'
import { updateUsage } from './update.ts'
import { loadUsage, saveUsage } from './usage-file.ts'
import { UsageIndex } from './usage-index.ts'

export interface ClusterUsageOptions {
  readonly kafka: Kafka
  /** Where the index is kept over a restart; without it the topics are read from their beginning each time. */
  readonly file?: string | undefined
  /** Topics without framed records. The registry's own is always left out. */
  readonly exclude?: readonly string[] | undefined
  /** Default `_schemas`. */
  readonly schemasTopic?: string | undefined
}

export class ClusterUsage implements UsageSource {
  readonly #options: ClusterUsageOptions
  #index: UsageIndex | undefined
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(options: ClusterUsageOptions) {
    this.#options = options
  }

  async usesOf(
    { id, guid }: { readonly id: number; readonly guid: string; readonly context: string },
    { signal }: { readonly signal: AbortSignal },
  ): Promise<readonly UsedBy[]> {
    await this.#update(signal)
    const index = this.#index!
    const [topic] = index.overflowedTopics()
    if (topic !== undefined) {
      throw new Error(`${topic} names more schemas than are counted: leave it out if its records are no framed ones`)
    }
    // An id in a record does not say its context, so that of any context counts.
    const uses = index.uses().filter(({ schema }) => schema === `id ${id}` || schema === `guid ${guid.toLowerCase()}`)
    return await withGroups(this.#options.kafka, uses, { signal })
  }

  async #update(signal: AbortSignal): Promise<void> {
    if (this.#running === undefined) {
      await this.#run(signal)
      return
    }
    // The one that runs may have looked for the ends before the question was asked.
    this.#next ??= this.#running
      .catch(() => {})
      .then(async () => {
        this.#next = undefined
        await this.#run(signal)
      })
    await this.#next
  }

  async #run(signal: AbortSignal): Promise<void> {
    const run = this.#read(signal)
    this.#running = run
    try {
      await run
    } finally {
      if (this.#running === run) this.#running = undefined
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { kafka, file, exclude = [], schemasTopic = '_schemas' } = this.#options
    this.#index ??= file === undefined ? new UsageIndex() : await loadUsage(file)
    try {
      await updateUsage({ kafka, index: this.#index, exclude: new Set([...exclude, schemasTopic]), signal })
    } finally {
      if (file !== undefined) await saveUsage(file, this.#index)
    }
  }
}
