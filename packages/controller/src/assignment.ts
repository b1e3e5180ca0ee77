/** Rules of replica lists that a user gives. */
import { fault, type Fault } from './fault.ts'
import type { ControllerState } from './state.ts'

export function checkAssignment(
  state: ControllerState,
  brokerIds: readonly number[],
  replicationFactor: number,
): Fault | undefined {
  const wrong = (message: string) => fault('INVALID_REPLICA_ASSIGNMENT', message)
  if (brokerIds.length === 0) return wrong('a partition is assigned to no broker')
  if (new Set(brokerIds).size < brokerIds.length) {
    return wrong(`the assignment ${brokerIds.join(', ')} names a broker more than once`)
  }
  const stranger = brokerIds.find((id) => state.image.broker(id) === undefined)
  if (stranger !== undefined) return wrong(`the assignment names broker ${stranger}, which is not registered`)
  if (brokerIds.length !== replicationFactor) {
    return wrong(`a partition is assigned to ${brokerIds.length} brokers, another one to ${replicationFactor}`)
  }
  if (!brokerIds.some((id) => state.isActive(id))) {
    return wrong(`the brokers ${brokerIds.join(', ')} are all fenced or shutting down`)
  }
  return undefined
}
