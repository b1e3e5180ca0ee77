/**
 * Tells the active controller where this one listens and what it supports (KIP-919), whenever the metadata does not say so
 * already. The active controller registers itself.
 */
import type { Logger, Timer, Timers } from '@braidlog/base'
import type { ControllerNode } from '@braidlog/controller'
import type { EndpointRegistration } from '@braidlog/metadata'
import { ErrorCode, errorName, SUPPORTED_FEATURES, type Uuid } from '@braidlog/model'
import type { ClusterLink } from './cluster-link.ts'

export interface ControllerPresenceOptions {
  readonly nodeId: number
  /** A new one for every start of the process. */
  readonly incarnationId: Uuid
  readonly endpoints: readonly EndpointRegistration[]
  readonly controller: ControllerNode
  readonly link: ClusterLink
  readonly timers: Timers
  readonly logger: Logger
}

/** metadata.version from which controllers register. */
const REGISTRATION_LEVEL = 15
const RETRY_MS = 1_000
const TIMEOUT_MS = 5_000

/** @returns a function that ends it */
export function announceController(options: ControllerPresenceOptions): () => void {
  const { nodeId, endpoints, controller, link, timers, logger } = options
  let timer: Timer | undefined
  let isAsking = false
  let isClosed = false

  const isKnown = (): boolean => {
    const known = [...link.image.controllers()].find((each) => each.id === nodeId)
    return known !== undefined && JSON.stringify(known.endpoints) === JSON.stringify(endpoints)
  }
  const check = (): void => {
    const isDue = !controller.isActive && controller.leader !== undefined && !isKnown()
    if (isClosed || isAsking || timer !== undefined || !isDue || link.image.metadataVersion < REGISTRATION_LEVEL) return
    isAsking = true
    void register().finally(() => {
      isAsking = false
      if (isClosed || isKnown()) return
      timer = timers.after(RETRY_MS, () => {
        timer = undefined
        check()
      })
    })
  }
  const register = async (): Promise<void> => {
    try {
      const { errorCode } = await link.submit(
        'controllerRegistration',
        {
          controllerId: nodeId,
          incarnationId: options.incarnationId,
          zkMigrationReady: false,
          listeners: endpoints.map((endpoint) => ({ ...endpoint })),
          features: SUPPORTED_FEATURES.map(({ name, levelMin, levelMax }) => ({
            name,
            minSupportedVersion: levelMin,
            maxSupportedVersion: levelMax,
          })),
        },
        { timeoutMs: TIMEOUT_MS, once: true },
      )
      if (errorCode !== ErrorCode.NONE) {
        logger.warn('the active controller refused this one', { error: errorName(errorCode) })
      }
    } catch (error) {
      logger.debug('the registration of this controller was not answered', { error })
    }
  }

  const unsubscribe = link.subscribe({ onImage: check })
  const unwatch = controller.onLeaderChange(check)
  return () => {
    isClosed = true
    timer?.cancel()
    unsubscribe()
    unwatch()
  }
}
