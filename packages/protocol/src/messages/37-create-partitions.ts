/** CreatePartitions (API key 37). */
import { arrayOf, bool, int16, int32, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const CreatePartitionsRequest = message({
  kind: 'request',
  name: 'CreatePartitionsRequest',
  key: 37,
  versions: '0-3',
  flexible: '2+',
  listeners: ['broker', 'controller'],
  fields: {
    topics: structs({
      name: string(),
      count: int32(),
      assignments: structs(
        {
          brokerIds: arrayOf(int32()),
        },
        { nullable: '0+' },
      ),
    }),
    timeoutMs: int32(),
    validateOnly: bool(),
  },
})
export interface CreatePartitionsRequest extends Infer<typeof CreatePartitionsRequest> {}

export const CreatePartitionsResponse = message({
  kind: 'response',
  name: 'CreatePartitionsResponse',
  key: 37,
  versions: '0-3',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32(),
    results: structs({
      name: string(),
      errorCode: int16(),
      errorMessage: string({ nullable: '0+', default: null }),
    }),
  },
})
export interface CreatePartitionsResponse extends Infer<typeof CreatePartitionsResponse> {}
