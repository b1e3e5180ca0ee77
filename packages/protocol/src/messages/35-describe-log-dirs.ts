/** DescribeLogDirs (API key 35): describes the log directories of a broker. */
import { arrayOf, bool, int16, int32, int64, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** The partitions of interest, or null for all of them. */
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

/**
 * Per directory its partitions, their sizes and how far a future replica lags. Version 3 adds a top-level error,
 * version 4 total and usable bytes (KIP-827), version 5 whether the directory is cordoned, that is takes no new
 * replicas.
 */
export const DescribeLogDirsResponse = message({
  kind: 'response',
  name: 'DescribeLogDirsResponse',
  key: 35,
  versions: '1-5',
  flexible: '2+',
  errors: ['UNKNOWN_SERVER_ERROR', 'CLUSTER_AUTHORIZATION_FAILED', 'KAFKA_STORAGE_ERROR', 'LOG_DIR_NOT_FOUND'],
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
