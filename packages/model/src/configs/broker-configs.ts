/** All keys of a node: Apache Kafka's 4.3, Braidlog's own, and those of the validation against schemas. */
import { BRAIDLOG_CONFIGS } from './braidlog-configs.ts'
import { BROKER_GROUP_CONFIGS } from './broker-group-configs.ts'
import { BROKER_LOG_CONFIGS } from './broker-log-configs.ts'
import { BROKER_REMOTE_CONFIGS } from './broker-remote-configs.ts'
import { BROKER_REPLICATION_CONFIGS } from './broker-replication-configs.ts'
import { BROKER_SECURITY_CONFIGS } from './broker-security-configs.ts'
import { BROKER_SERVER_CONFIGS } from './broker-server-configs.ts'
import { BROKER_TRANSACTION_CONFIGS } from './broker-transaction-configs.ts'
import type { ConfigValues } from './definition.ts'
import { SCHEMA_VALIDATION_BROKER_CONFIGS } from './schema-validation-configs.ts'

export const BROKER_CONFIGS = {
  ...BROKER_SERVER_CONFIGS,
  ...BROKER_LOG_CONFIGS,
  ...BROKER_REPLICATION_CONFIGS,
  ...BROKER_GROUP_CONFIGS,
  ...BROKER_TRANSACTION_CONFIGS,
  ...BROKER_SECURITY_CONFIGS,
  ...BROKER_REMOTE_CONFIGS,
  ...BRAIDLOG_CONFIGS,
  ...SCHEMA_VALIDATION_BROKER_CONFIGS,
} as const

export type BrokerConfigs = ConfigValues<typeof BROKER_CONFIGS>
