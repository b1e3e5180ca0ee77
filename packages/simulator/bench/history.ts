/** CPU seconds for a history of 100,000 operations: `node packages/simulator/bench/history.ts`. */
import { checkHistory } from '../src/history/index.ts'
import { perfectHistory } from '../test/perfect-log.ts'

const shape = { keyCount: 20, processCount: 10, operationCount: 100_000, recordsPerOperationMax: 4 }
const events = perfectHistory(1, shape)
const before = process.cpuUsage()
const report = checkHistory(events)
const { user, system } = process.cpuUsage(before)
console.log(
  `${report.operationCount} operations, ${report.acknowledgedCount} records acknowledged, ${report.polledCount} polled: ` +
    `${((user + system) / 1e6).toFixed(2)} CPU s, ${report.valid ? 'valid' : 'INVALID'}`,
)
