/**
 * What every node has of the controllers, whatever its roles: the metadata log, the link to the active controller, and, with
 * the controller role, a listener that serves brokers and other controllers.
 *
 * The listener has connections of its own: it is served before clients are, and clients cannot use up what it needs.
 */
import type { Dial } from '@braidlog/runtime'
import type { Clock, Logger, Random, Storage, Timers } from '@braidlog/base'
import {
  announceController,
  controllerHandlersOf,
  NodeLink,
  Pipeline,
  SocketPeers,
  type ClusterLink,
  type Connections,
} from '@braidlog/broker'
import { openController, type ControllerError, type ControllerNode } from '@braidlog/controller'
import type { LogResources } from '@braidlog/log'
import { SecurityProtocol } from '@braidlog/metadata'
import { Authorizer, randomUuid } from '@braidlog/model'
import type { Peers } from '@braidlog/raft'
import type { Codecs } from '@braidlog/records'
import { joinVoters } from './auto-join.ts'
import type { ServerConfig } from './config.ts'
import type { ServerListener } from './server.ts'

export interface ControllerSideOptions {
  readonly config: ServerConfig
  readonly clusterId: string
  readonly storage: Storage
  readonly directory: string
  readonly codecs: Codecs
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly logger: Logger
  readonly resources: LogResources
  /** Default: real sockets. */
  readonly dial: Dial | undefined
  /** Where the listeners for controllers have been opened; `undefined` when there are none. */
  readonly connections: Connections | undefined
  readonly listeners: readonly ServerListener[]
  readonly onFailure: (error: ControllerError) => void
}

export interface ControllerSide {
  readonly controller: ControllerNode
  readonly link: ClusterLink
  /** `undefined` on a node that is alone. */
  readonly peers: Peers | undefined
  /** @param options `handOver: false`: the other controllers find out for themselves, as after a crash */
  close(options?: { readonly handOver?: boolean }): Promise<void>
  /** Lets go of what keeps the process alive, when closing takes too long. */
  abandon(): void
}

export async function openControllerSide(options: ControllerSideOptions): Promise<ControllerSide> {
  const { config, storage, directory, codecs, clock, timers, random, logger, clusterId, connections, dial } = options
  const { nodeId, quorum, isController } = config
  const peers = quorum.isAlone
    ? undefined
    : new SocketPeers({ nodeId, clock, timers, random, logger, ...(dial === undefined ? {} : { dial }) })
  const endpoints = options.listeners.map(({ name, advertisedHost, advertisedPort }) => ({
    name,
    host: advertisedHost,
    port: advertisedPort,
  }))
  let controller: ControllerNode
  try {
    controller = await openController({
      storage,
      directory,
      codecs,
      clock,
      timers,
      random,
      logger,
      resources: options.resources,
      nodeId,
      clusterId,
      endpoints,
      isController,
      // Nobody, when the quorum is to be found at the bootstrap servers: its log says who votes.
      ...((quorum.voters.length > 0 || quorum.bootstrapServers.length > 0) && { staticVoters: quorum.voters }),
      ...(peers !== undefined && {
        network: { peers, timers, bootstrapServers: quorum.bootstrapServers, timeouts: quorum.timeouts },
      }),
      configs: config.texts,
      onFailure: options.onFailure,
    })
  } catch (error) {
    await peers?.close()
    throw error
  }
  if (peers === undefined)
    return { controller, link: controller, peers, close: (options) => controller.close(options), abandon: () => {} }

  const link = new NodeLink({ controller, peers, clock, timers })
  let withdraw = (): void => {}
  let endJoining = (): void => {}
  if (isController && connections !== undefined) {
    const { image } = controller
    const authorizer = config.authorizer && new Authorizer(config.authorizer, () => image.principals.acls())
    controller.subscribe({
      onImage: (_image, delta) => {
        if (delta.others.has('acls')) authorizer?.changed()
      },
    })
    const settings = { deleteTopics: config.values['delete.topic.enable'] }
    const handlers = controllerHandlersOf({ nodeId, clusterId, cluster: controller, settings, authorizer })
    connections.serve(new Pipeline(handlers, connections.metrics, authorizer))
    withdraw = announceController({
      nodeId,
      incarnationId: randomUuid(random),
      endpoints: endpoints.map((endpoint) => ({ ...endpoint, securityProtocol: SecurityProtocol.PLAINTEXT })),
      controller,
      link,
      timers,
      logger,
    })
    if (config.values['controller.quorum.auto.join.enable'] && quorum.voters.length === 0) {
      const intervalMs = quorum.timeouts.fetchTimeoutMs
      endJoining = joinVoters({ nodeId, clusterId, endpoints, controller, link, intervalMs, timers, logger })
    }
  }
  return {
    controller,
    link,
    peers,
    async close(options) {
      endJoining()
      withdraw()
      if (isController) await othersHaveLeft(link, nodeId, timers)
      await connections?.stopListening()
      try {
        await controller.close(options)
      } finally {
        // A log that cannot be closed, on a disk that is full, is no reason to keep the process alive.
        connections?.closeAll('the controller stops')
        await peers.close()
      }
    },
    abandon() {
      endJoining()
      withdraw()
      void connections?.stopListening()
      connections?.closeAll('the controller did not stop in time')
      void peers.close()
    },
  }
}

/** A cluster that stops as a whole needs its controllers until the last broker has left. */
const LINGER_MS = 3_000

/** Resolves when no other broker is about to leave, or after a while. */
function othersHaveLeft(link: ClusterLink, nodeId: number, timers: Timers): Promise<void> {
  return new Promise((resolve) => {
    let unsubscribe = (): void => {}
    const end = (): void => {
      timer.cancel()
      unsubscribe()
      resolve()
    }
    const timer = timers.after(LINGER_MS, end)
    const isLeaving = (): boolean =>
      [...link.image.brokers()].some((each) => each.id !== nodeId && each.inControlledShutdown && !each.fenced)
    if (isLeaving()) unsubscribe = link.subscribe({ onImage: () => void (isLeaving() || end()) })
    else end()
  })
}
