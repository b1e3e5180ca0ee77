/** Public face of `records`. */
export {
  attributesOf,
  COMPRESSION_TYPES,
  compressionOf,
  hasDeleteHorizon,
  isCompressed,
  isControl,
  isTransactional,
  timestampTypeOf,
  type BatchAttributes,
  type CompressionType,
  type TimestampType,
} from './attributes.ts'
export { DECOMPRESSED_SIZE_BYTES_MAX, openBatch, openBatchAsync, type OpenOptions, type RecordBatch } from './batch.ts'
export {
  BatchBuilder,
  estimateRecordSizeBytes,
  type BatchBuilderOptions,
  type BatchFields,
  type HeaderInput,
  type Payload,
} from './builder.ts'
export { plainCodecs, type Codecs } from './codecs.ts'
export {
  CONTROL_TYPES,
  controlBatch,
  controlRecordsOf,
  controlTypeOf,
  endTxnMarker,
  kraftVersion,
  kraftVoters,
  leaderChange,
  snapshotFooter,
  snapshotHeader,
  type ControlBatchFields,
  type ControlRecord,
  type ControlRecordInput,
  type ControlType,
} from './control.ts'
export { crc32c } from './crc32c.ts'
export { emptyBatch } from './empty.ts'
export { RecordsError, type RecordsErrorCode } from './errors.ts'
export {
  addToSequence,
  batchAttributes,
  BATCH_HEADER_SIZE_BYTES,
  batchBaseOffset,
  batchBaseSequence,
  batchBaseTimestamp,
  batchCrc,
  batchLastOffset,
  batchLastOffsetDelta,
  batchLastSequence,
  batchLeaderEpoch,
  batchLength,
  batchMagic,
  batchMaxTimestamp,
  batchNextOffset,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  batchSizeBytes,
  LENGTH_OVERHEAD_SIZE_BYTES,
  MAGIC,
  NO_LEADER_EPOCH,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  sealBatch,
  setBatchBaseOffset,
  setBatchLeaderEpoch,
  setBatchMaxTimestamp,
  setBatchProducer,
  type Crc32c,
} from './header.ts'
export { batches, batchPositions, cachedViewOf, viewOf, wholeBatchEnd } from './iterate.ts'
export { lz4FrameSizeBytes } from './lz4-frame.ts'
export type { RecordHeader, RecordView } from './record.ts'
export { RecordScanner, type RecordLayout } from './scan.ts'
export { BatchFault, faultErrorCode, faultMessage, validateBatch, type ValidateOptions } from './validate.ts'
export { validateRecords, type ValidateRecordsOptions } from './validate-records.ts'
export { varintSizeBytes, varlongSizeBytes, VarintReader, writeVarint, writeVarlong } from './varint.ts'
export { snappyBlocks, xerialFrame, xerialInputs } from './xerial.ts'
