/** Public face of the simulator. */
export { runCluster, type RunOptions, type RunResult } from './cluster/run.ts'
export type { Fault, FaultKind } from './cluster/faults.ts'
