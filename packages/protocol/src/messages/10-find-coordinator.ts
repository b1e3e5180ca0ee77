/** FindCoordinator (API key 10). */
import { arrayOf, int16, int32, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const FindCoordinatorRequest = message({
  kind: 'request',
  name: 'FindCoordinatorRequest',
  key: 10,
  versions: '0-6',
  flexible: '3+',
  listeners: ['broker'],
  fields: {
    key: string({ versions: '0-3' }),
    keyType: int8({ versions: '1+' }),
    coordinatorKeys: arrayOf(string(), { versions: '4+' }),
  },
})
export interface FindCoordinatorRequest extends Infer<typeof FindCoordinatorRequest> {}

export const FindCoordinatorResponse = message({
  kind: 'response',
  name: 'FindCoordinatorResponse',
  key: 10,
  versions: '0-6',
  flexible: '3+',
  fields: {
    throttleTimeMs: int32({ versions: '1+', ignorable: true }),
    errorCode: int16({ versions: '0-3' }),
    errorMessage: string({ versions: '1-3', nullable: '1-3', ignorable: true }),
    nodeId: int32({ versions: '0-3' }),
    host: string({ versions: '0-3' }),
    port: int32({ versions: '0-3' }),
    coordinators: structs(
      {
        key: string({ versions: '4+' }),
        nodeId: int32({ versions: '4+' }),
        host: string({ versions: '4+' }),
        port: int32({ versions: '4+' }),
        errorCode: int16({ versions: '4+' }),
        errorMessage: string({ versions: '4+', nullable: '4+', ignorable: true }),
      },
      { versions: '4+' },
    ),
  },
})
export interface FindCoordinatorResponse extends Infer<typeof FindCoordinatorResponse> {}
