/** Public face of `broker`. */
export { newBrokerMetrics, type ApiMetrics, type BrokerMetrics } from './metrics.ts'
