/** The headers in front of requests and responses. */
import { int16, int32, string, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * In front of every request. Which version, follows from the API (`requestHeaderVersion`). The client id keeps its two-
 * byte length in version 2: a broker must be able to read the header of an ApiVersions request of any version.
 */
export const RequestHeader = message({
  kind: 'header',
  name: 'RequestHeader',
  versions: '1-2',
  flexible: '2+',
  fields: {
    requestApiKey: int16(),
    requestApiVersion: int16(),
    correlationId: int32(),
    clientId: string({ versions: '1+', nullable: '1+', flexible: 'none' }),
  },
})
export interface RequestHeader extends Infer<typeof RequestHeader> {}

/** In front of every response: the correlation id of its request. Version 1 only adds tagged fields. */
export const ResponseHeader = message({
  kind: 'header',
  name: 'ResponseHeader',
  versions: '0-1',
  flexible: '1+',
  fields: {
    correlationId: int32(),
  },
})
export interface ResponseHeader extends Infer<typeof ResponseHeader> {}
