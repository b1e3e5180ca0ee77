/** DescribeClientQuotas (API key 48). */
import { bool, float64, int16, int32, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const DescribeClientQuotasRequest = message({
  kind: 'request',
  name: 'DescribeClientQuotasRequest',
  key: 48,
  versions: '0-1',
  flexible: '1+',
  listeners: ['broker'],
  fields: {
    components: structs({
      entityType: string(),
      matchType: int8(),
      match: string({ nullable: '0+' }),
    }),
    strict: bool(),
  },
})
export interface DescribeClientQuotasRequest extends Infer<typeof DescribeClientQuotasRequest> {}

export const DescribeClientQuotasResponse = message({
  kind: 'response',
  name: 'DescribeClientQuotasResponse',
  key: 48,
  versions: '0-1',
  flexible: '1+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+' }),
    entries: structs(
      {
        entity: structs({
          entityType: string(),
          entityName: string({ nullable: '0+' }),
        }),
        values: structs({
          key: string(),
          value: float64(),
        }),
      },
      { nullable: '0+' },
    ),
  },
})
export interface DescribeClientQuotasResponse extends Infer<typeof DescribeClientQuotasResponse> {}
