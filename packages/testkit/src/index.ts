/** Public face of `testkit`. */
export { Braidlog, startBraidlog } from './braidlog.ts'
export type { ClientConfigs, ClientKind } from './client-config.ts'
export { TestkitError, type TestkitErrorCode } from './errors.ts'
export type { BraidlogOptions, TopicOptions } from './options.ts'
export type { ConsumeOptions, ProduceOptions, SerdeName, TestInput, TestRecord, ValueOf } from './records.ts'
export type { CaughtUpOptions, GroupUntilOptions, Until, UntilOptions } from './until.ts'
