/** Public face of `coordinator`. */
export { defaultGroupCoordinatorConfig, type GroupCoordinatorConfig } from './config.ts'
export type { AppendOutcome, CoordinatorLog, CoordinatorLogListener } from './coordinator-log.ts'
export { CoordinatorType, findCoordinator, type CoordinatorLocation } from './find-coordinator.ts'
export {
  GroupCoordinator,
  type GroupCoordinatorOptions,
  type RequestOrigin,
  type TopicLookup,
} from './group-coordinator.ts'
