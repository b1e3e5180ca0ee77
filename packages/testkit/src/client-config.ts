/** How each client library wants to be told where the brokers are. */

export interface ClientConfigs {
  /** For `new Kafka(…)` of `@braidlog/client`. */
  readonly braidlog: { readonly bootstrapServers: string; readonly clientId: string }
  /** For `new Kafka(…)` of `kafkajs`. */
  readonly kafkajs: { readonly brokers: string[]; readonly clientId: string }
  /** For `new Producer(…)`, `new Consumer(…)` and `new Admin(…)` of `@platformatic/kafka`. */
  readonly platformatic: { readonly bootstrapBrokers: string[]; readonly clientId: string }
  /** For `@confluentinc/kafka-javascript` and everything else on librdkafka. */
  readonly confluent: { readonly 'bootstrap.servers': string; readonly 'client.id': string }
  /** Properties of Apache Kafka's Java clients. */
  readonly java: { readonly 'bootstrap.servers': string; readonly 'client.id': string }
}

export type ClientKind = keyof ClientConfigs

const CLIENT_ID = 'braidlog-test'

export function clientConfig<K extends ClientKind>(kind: K, bootstrapServers: string): ClientConfigs[K] {
  const all: ClientConfigs = {
    braidlog: { bootstrapServers, clientId: CLIENT_ID },
    kafkajs: { brokers: bootstrapServers.split(','), clientId: CLIENT_ID },
    platformatic: { bootstrapBrokers: bootstrapServers.split(','), clientId: CLIENT_ID },
    confluent: { 'bootstrap.servers': bootstrapServers, 'client.id': CLIENT_ID },
    java: { 'bootstrap.servers': bootstrapServers, 'client.id': CLIENT_ID },
  }
  return all[kind]
}
