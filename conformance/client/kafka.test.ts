/**
 * Our client against Apache Kafka's broker: the same suite that runs against our own server in the client's package. Always Apache
 * Kafka, whatever the other suites run against: what is tested here is the client.
 */
import { clientSuite, suiteProperties } from '../../packages/client/test/integration/suite.ts'
import { kafkaVersion, startKafka } from '../peers/kafka.ts'

clientSuite(`Apache Kafka ${kafkaVersion}`, async () => {
  const server = await startKafka({ properties: suiteProperties })
  return { bootstrap: server.bootstrap, stop: async () => await server.stop() }
})
