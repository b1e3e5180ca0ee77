/** Public face of `base`. */
export { assert, AssertionError, unreachable } from './assert.ts'
export type { Brand } from './brand.ts'
export type { Clock, Timer, Timers } from './clock.ts'
export { readInt64, writeInt64 } from './int64.ts'
export { silentLogger, type LogFields, type Logger } from './logger.ts'
export { below, randomBytes, SeededRandom, type Random } from './random.ts'
export { StorageError, type Storage, type StorageEntry, type StorageFile } from './storage.ts'
export { TimerWheel, WheelTimer, type TimerWheelOptions, type WheelTimerOwner } from './timer-wheel.ts'
