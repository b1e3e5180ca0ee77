/** Public face of `controller`. */
export type { ControllerNode, ControllerOptions } from './node.ts'
export type { ControllerRequestName, ControllerRequests, RequestOf, ResponseOf } from './requests.ts'
