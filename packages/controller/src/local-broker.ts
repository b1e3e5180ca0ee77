/**
 * The broker of a combined node towards its own controller: it registers, waits until its registration is applied, and is
 * unfenced; at the end it is fenced again, so that another process finds it gone.
 *
 * Source: KIP-631 (states of a broker), KIP-841.
 */
import type { EndpointRegistration } from '@braidlog/metadata'
import { errorName, SUPPORTED_FEATURES, type Uuid } from '@braidlog/model'
import { ControllerError } from './errors.ts'
import type { ControllerNode } from './node.ts'

export interface LocalBroker {
  readonly nodeId: number
  readonly clusterId: string
  /** A new one for every start of the process. */
  readonly incarnationId: Uuid
  readonly listeners: readonly EndpointRegistration[]
  readonly rack: string | null
  readonly logDirs: readonly Uuid[]
  /** Broker epoch of the last clean shutdown; -1: there was none. */
  readonly previousBrokerEpoch: number
}

/** Registers and unfences. @returns the broker epoch @throws ControllerError `STORAGE_FAILED`, `CLOSED` */
export async function registerLocalBroker(controller: ControllerNode, broker: LocalBroker): Promise<number> {
  const { errorCode, brokerEpoch } = await controller.submit('brokerRegistration', {
    brokerId: broker.nodeId,
    clusterId: broker.clusterId,
    incarnationId: broker.incarnationId,
    listeners: broker.listeners.map((listener) => ({ ...listener })),
    features: SUPPORTED_FEATURES.map((feature) => ({
      name: feature.name,
      minSupportedVersion: feature.levelMin,
      maxSupportedVersion: feature.levelMax,
    })),
    rack: broker.rack,
    isMigratingZkBroker: false,
    logDirs: [...broker.logDirs],
    previousBrokerEpoch: broker.previousBrokerEpoch,
  })
  if (errorCode !== 0) throw refused('registration', errorCode)
  await heartbeat(controller, broker.nodeId, brokerEpoch, false)
  return brokerEpoch
}

/** Fences the broker: the last thing it says. */
export async function shutDownLocalBroker(
  controller: ControllerNode,
  broker: Pick<LocalBroker, 'nodeId'> & { readonly brokerEpoch: number },
): Promise<void> {
  await heartbeat(controller, broker.nodeId, broker.brokerEpoch, true)
}

async function heartbeat(
  controller: ControllerNode,
  brokerId: number,
  brokerEpoch: number,
  wantShutDown: boolean,
): Promise<void> {
  const { errorCode } = await controller.submit('brokerHeartbeat', {
    brokerId,
    brokerEpoch,
    currentMetadataOffset: controller.image.offset,
    wantFence: false,
    wantShutDown,
    offlineLogDirs: [],
    cordonedLogDirs: null,
  })
  if (errorCode !== 0) throw refused('heartbeat', errorCode)
}

function refused(what: string, errorCode: number): ControllerError {
  return new ControllerError('CLOSED', `the controller refused the ${what} of its own broker: ${errorName(errorCode)}`)
}
