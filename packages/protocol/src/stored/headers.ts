/** Request and response headers. */
import { int16, int32, string, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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
