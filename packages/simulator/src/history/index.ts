/** Public face of the history checker. */
export { ANOMALIES, type Anomaly, type AnomalyName } from './anomaly.ts'
export { checkHistory, type HistoryReport } from './check.ts'
export {
  completedOperations,
  HistoryError,
  type CompletedOperation,
  type EventType,
  type HistoryEvent,
  type Operation,
  type Polled,
  type Sent,
} from './event.ts'
export { parseHistory, writeHistory } from './lines.ts'
