/** `@braidlog/schema-registry/usage`: which schemas the retained records of a cluster name. */
export { ClusterUsage, type ClusterUsageOptions } from './cluster-usage.ts'
export { withGroups, type SchemaUseByGroups } from './groups.ts'
export { updateUsage, type UpdateOptions } from './update.ts'
export { loadUsage, saveUsage, usageFile } from './usage-file.ts'
export {
  UsageIndex,
  type PartitionBounds,
  type SchemaName,
  type SchemaUse,
  type UsageField,
  type UsageSnapshot,
} from './usage-index.ts'
