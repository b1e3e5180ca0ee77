/**
 * Configuration from environment variables, by the rules of the apache/kafka image: `KAFKA_` in front, then the key in
 * capitals with `.` as `_`, `_` as `__` and `-` as `___`.
 */

const PREFIX = 'KAFKA_'

/** What has the prefix, but means the scripts around a Java broker. */
const NOT_KEYS =
  /^KAFKA_(?:LOG4J_.*|HEAP_OPTS|OPTS|JVM_PERFORMANCE_OPTS|GC_LOG_OPTS|JMX_.*|DEBUG|HOME|VERSION|SCALA_VERSION|DATA|CLUSTER_ID|BROKERS|BOOTSTRAP_SERVERS|PATH)$/

/** @returns key → value of every variable that names a key */
export function propertiesFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Map<string, string> {
  const properties = new Map<string, string>()
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined || !name.startsWith(PREFIX) || NOT_KEYS.test(name)) continue
    properties.set(keyOf(name), value)
  }
  return properties
}

/** The key that a variable stands for: `KAFKA_LOG_DIRS` is `log.dirs`. */
export function keyOf(variable: string): string {
  return variable
    .slice(PREFIX.length)
    .toLowerCase()
    .replace(/_+/g, (run) => {
      let text = ''
      for (let left = run.length; left > 0;) {
        const taken = Math.min(left, 3)
        text += taken === 3 ? '-' : taken === 2 ? '_' : '.'
        left -= taken
      }
      return text
    })
}
