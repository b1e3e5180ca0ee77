/** Public face of `controller`. */
export { describeAcls } from './acls.ts'
export {
  BrokerLifecycle,
  type BrokerLifecycleConfig,
  type BrokerLifecycleEffect,
  type BrokerLifecycleInput,
  type BrokerLifecycleState,
} from './broker-lifecycle.ts'
export { Controller } from './controller.ts'
export { describeConfigs } from './describe-configs.ts'
export { ControllerError, type ControllerErrorCode } from './errors.ts'
export { registerLocalBroker, shutDownLocalBroker, type LocalBroker } from './local-broker.ts'
export { openController, type ControllerNode, type ControllerOptions, type SubmitOptions } from './node.ts'
export { PRODUCER_ID_BLOCK_SIZE } from './producer-ids.ts'
export type {
  ControllerRequestName,
  ControllerRequests,
  DecidedRequestName,
  RequestOf,
  ResponseOf,
} from './requests.ts'
export {
  ControllerState,
  PARTITIONS_A_REQUEST_MAX,
  type ControllerSettings,
  type Decision,
  type DecisionContext,
} from './state.ts'
