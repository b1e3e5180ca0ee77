/** DescribeClientQuotas (API key 48): lists quotas. */
import { bool, float64, int16, int32, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** A filter on users, client ids and addresses (KIP-546); strict filters match no entity with further parts. */
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

/** The matching entities and their quotas. */
export const DescribeClientQuotasResponse = message({
  kind: 'response',
  name: 'DescribeClientQuotasResponse',
  key: 48,
  versions: '0-1',
  flexible: '1+',
  errors: ['UNKNOWN_SERVER_ERROR', 'CLUSTER_AUTHORIZATION_FAILED', 'UNSUPPORTED_VERSION', 'INVALID_REQUEST'],
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
