/** DescribeLogDirs (API key 35). */
import { arrayOf, bool, int16, int32, int64, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const DescribeLogDirsRequest = message({
  kind: 'request',
  name: 'DescribeLogDirsRequest',
  key: 35,
  versions: '1-5',
  flexible: '2+',
  listeners: ['broker'],
  fields: {
    topics: structs(
      {
        topic: string(),
        partitions: arrayOf(int32()),
      },
      { nullable: '0+' },
    ),
  },
})
export interface DescribeLogDirsRequest extends Infer<typeof DescribeLogDirsRequest> {}

export const DescribeLogDirsResponse = message({
  kind: 'response',
  name: 'DescribeLogDirsResponse',
  key: 35,
  versions: '1-5',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16({ versions: '3+', ignorable: true }),
    results: structs({
      errorCode: int16(),
      logDir: string(),
      topics: structs({
        name: string(),
        partitions: structs({
          partitionIndex: int32(),
          partitionSize: int64(),
          offsetLag: int64(),
          isFutureKey: bool(),
        }),
      }),
      totalBytes: int64({ versions: '4+', default: -1, ignorable: true }),
      usableBytes: int64({ versions: '4+', default: -1, ignorable: true }),
      isCordoned: bool({ versions: '5+', ignorable: true }),
    }),
  },
})
export interface DescribeLogDirsResponse extends Infer<typeof DescribeLogDirsResponse> {}
