/** DescribeConfigs (API key 32): reads the configuration of topics, brokers, groups and client metrics. */
import { arrayOf, bool, int16, int32, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** Resources, each with the keys of interest or null for all. Version 3 adds documentation on request. */
export const DescribeConfigsRequest = message({
  kind: 'request',
  name: 'DescribeConfigsRequest',
  key: 32,
  versions: '1-4',
  flexible: '4+',
  listeners: ['broker', 'controller'],
  fields: {
    resources: structs({
      resourceType: int8(),
      resourceName: string(),
      configurationKeys: arrayOf(string(), { nullable: '0+' }),
    }),
    includeSynonyms: bool({ versions: '1+' }),
    includeDocumentation: bool({ versions: '3+' }),
  },
})
export interface DescribeConfigsRequest extends Infer<typeof DescribeConfigsRequest> {}

/**
 * Values with their sources and, when asked for, the synonyms in the order in which they count. Sensitive values are
 * null.
 */
export const DescribeConfigsResponse = message({
  kind: 'response',
  name: 'DescribeConfigsResponse',
  key: 32,
  versions: '1-4',
  flexible: '4+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'INVALID_TOPIC_EXCEPTION',
    'TOPIC_AUTHORIZATION_FAILED',
    'GROUP_AUTHORIZATION_FAILED',
    'CLUSTER_AUTHORIZATION_FAILED',
    'INVALID_CONFIG',
    'INVALID_REQUEST',
  ],
  fields: {
    throttleTimeMs: int32(),
    results: structs({
      errorCode: int16(),
      errorMessage: string({ nullable: '0+' }),
      resourceType: int8(),
      resourceName: string(),
      configs: structs({
        name: string(),
        value: string({ nullable: '0+' }),
        readOnly: bool(),
        configSource: int8({ versions: '1+', default: -1, ignorable: true }),
        isSensitive: bool(),
        synonyms: structs(
          {
            name: string({ versions: '1+' }),
            value: string({ versions: '1+', nullable: '0+' }),
            source: int8({ versions: '1+' }),
          },
          { versions: '1+', ignorable: true },
        ),
        configType: int8({ versions: '3+', ignorable: true }),
        documentation: string({ versions: '3+', nullable: '0+', ignorable: true }),
      }),
    }),
  },
})
export interface DescribeConfigsResponse extends Infer<typeof DescribeConfigsResponse> {}
