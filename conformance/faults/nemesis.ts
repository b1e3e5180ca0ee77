/**
 * What is done to a node, and how it is undone. Each fault is injected while clients write, lasts at least `lastsMs`, and ends
 * with a cluster that is whole again.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { CLIENT_PORT, CONTROLLER_PORT, type FaultCluster } from './cluster.ts'
import type { FaultNetwork } from './network.ts'
import type { Timeouts } from './timeouts.ts'

export interface Scene {
  readonly cluster: FaultCluster
  readonly network: FaultNetwork
  readonly timeouts: Timeouts
}

export interface Fault {
  /** Whom it hits: the leader of a partition, in turn; the active controller; each node, in turn; the node whose disk is small. */
  readonly victim: 'controller' | 'each' | 'leader' | 'small-disk'
  /**
   * The other two can go on without the victim, and must, before the fault ends. Otherwise writes to the victim's partitions
   * may wait for its end: whoever leads has fewer than `min.insync.replicas` behind it.
   */
  readonly failsOver: boolean
  /** At least so long, counted from its beginning. */
  lastsMs(timeouts: Timeouts): number
  inject(scene: Scene, victim: number): Promise<void>
  heal(scene: Scene, victim: number): Promise<void>
}

const briefly = (): number => 0
/** Longer than a session, so that the cluster has to notice. */
const beyondSession = ({ sessionMs }: Timeouts): number => sessionMs * 2.5

const peersOf = (scene: Scene, victim: number): number[] => scene.cluster.nodeIds.filter((id) => id !== victim)

const kill = (scene: Scene, victim: number): Promise<void> => scene.cluster.kill(victim)
const start = (scene: Scene, victim: number): Promise<void> => scene.cluster.start(victim)
const healNetwork = (scene: Scene, victim: number): Promise<void> => scene.network.heal(victim)

/** Cuts links between the victim and the other nodes; clients reach all of them. */
function partition(directions: readonly ('in' | 'out')[], port?: number): Fault['inject'] {
  return async (scene, victim) => {
    const peers = peersOf(scene, victim)
    const cuts = directions.map((direction) => ({ direction, peers, ...(port === undefined ? {} : { port }) }))
    await scene.network.cut(victim, cuts)
  }
}

const onLeader = { victim: 'leader', failsOver: true } as const
const onController = { victim: 'controller', failsOver: true } as const

const resume: Fault['heal'] = async ({ cluster }, victim) => cluster.resume(victim)
const pause: Fault['inject'] = async ({ cluster }, victim) => cluster.pause(victim)

export const FAULTS = {
  /** SIGKILL. */
  kill: { ...onLeader, lastsMs: briefly, inject: kill, heal: start },
  'kill-controller': { ...onController, lastsMs: briefly, inject: kill, heal: start },
  /** SIGSTOP, as a virtual machine that is frozen. */
  pause: { ...onLeader, lastsMs: beyondSession, inject: pause, heal: resume },
  'pause-controller': { ...onController, lastsMs: beyondSession, inject: pause, heal: resume },
  /** Frozen, and never woken up. */
  'pause-kill': {
    ...onLeader,
    lastsMs: beyondSession,
    inject: pause,
    heal: async (scene, victim) => {
      await kill(scene, victim)
      await start(scene, victim)
    },
  },
  /** The victim alone, without clients too. */
  unplug: {
    ...onLeader,
    lastsMs: beyondSession,
    inject: ({ network }, victim) => network.unplug(victim),
    heal: healNetwork,
  },
  /** The victim alone, with the clients. */
  minority: { ...onLeader, lastsMs: beyondSession, inject: partition(['in', 'out']), heal: healNetwork },
  'minority-controller': {
    ...onController,
    lastsMs: beyondSession,
    inject: partition(['in', 'out']),
    heal: healNetwork,
  },
  /** The victim speaks to the others and does not hear them. */
  deaf: { ...onLeader, lastsMs: beyondSession, inject: partition(['in']), heal: healNetwork },
  /** The victim hears the others, who do not hear it. */
  mute: { ...onLeader, lastsMs: beyondSession, inject: partition(['out']), heal: healNetwork },
  /** The leader is cut off from its followers, not from controllers and clients. */
  'no-followers': {
    ...onLeader,
    failsOver: false,
    lastsMs: ({ lagMs }) => lagMs * 1.25,
    inject: partition(['in', 'out'], CLIENT_PORT),
    heal: healNetwork,
  },
  /** The leader is cut off from the controllers, not from followers and clients. */
  'no-controllers': {
    ...onLeader,
    lastsMs: beyondSession,
    inject: partition(['in', 'out'], CONTROLLER_PORT),
    heal: healNetwork,
  },
  /** Cut off, and killed before it is healed. */
  'minority-kill': {
    ...onLeader,
    lastsMs: beyondSession,
    inject: partition(['in', 'out']),
    heal: async (scene, victim) => {
      await kill(scene, victim)
      await healNetwork(scene, victim)
      await start(scene, victim)
    },
  },
  /** Clean shutdown and start: as many as there are nodes are a rolling restart. */
  restart: {
    victim: 'each',
    failsOver: true,
    lastsMs: briefly,
    inject: ({ cluster }, victim) => cluster.stop(victim),
    heal: start,
  },
  /** Killed, its disk emptied: data and metadata log. */
  wipe: {
    ...onLeader,
    lastsMs: briefly,
    inject: async (scene, victim) => {
      await kill(scene, victim)
      scene.cluster.wipe(victim)
    },
    heal: start,
  },
  /** No space left: the node ends, since it has no other directory, and is started when there is space again. */
  'full-disk': {
    victim: 'small-disk',
    failsOver: true,
    lastsMs: briefly,
    inject: async ({ cluster }, victim) => {
      cluster.fillDisk(victim)
      await cluster.ended(victim)
    },
    heal: async (scene, victim) => {
      scene.cluster.freeDisk(victim)
      await start(scene, victim)
    },
  },
} as const satisfies Record<string, Fault>

export type FaultName = keyof typeof FAULTS

export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(FAULTS, name)
}

/** Waits for the rest of the time that a fault lasts. */
export async function outlast(fault: Fault, timeouts: Timeouts, sinceMs: number): Promise<void> {
  const leftMs = sinceMs + fault.lastsMs(timeouts) - performance.now()
  if (leftMs > 0) await delay(leftMs)
}
