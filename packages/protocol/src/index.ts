/** Public face of `protocol`. */
export * from './wire.ts'
export { apiByKey, apiByName, APIS, requestHeaderVersion, responseHeaderVersion } from './apis.ts'
export { readRequestHeader } from './request-header.ts'
export * from './messages.ts'
export * from './stored.ts'
