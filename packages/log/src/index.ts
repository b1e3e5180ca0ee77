/** Public face of `log`. */
export { BufferPool, PooledBuffer, type BufferOwner } from './buffers.ts'
export { LogError, type LogErrorCode } from './errors.ts'
export { defaultLogConfig, type LogConfig } from './log-config.ts'
export { defaultLogResourceLimits, LogResources, type LogResourceLimits } from './log-resources.ts'
export type {
  AbortedTransaction,
  EpochEndOffset,
  Log,
  LogAppend,
  LogOptions,
  LogRead,
  ProducerDescription,
  ReadOptions,
  TimestampOffset,
} from './log.ts'
