/**
 * The process that `braidlog.ts` starts: one Braidlog node from a server.properties file, until it is asked to end.
 *
 * Writes one line, `ready {json}`, when it listens; warnings and the log go to standard error. SIGTERM and SIGINT close it cleanly.
 */
import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import type { LogFields, Logger } from '@braidlog/base'
import { startServer } from '@braidlog/server'

const propertiesFile = process.argv[2]
if (propertiesFile === undefined) throw new Error('usage: braidlog-main.ts SERVER.PROPERTIES')

const log =
  (level: string) =>
  (message: string, fields?: LogFields): void => {
    process.stderr.write(
      `${level} ${message}${fields === undefined ? '' : ` ${inspect(fields, { breakLength: Infinity })}`}\n`,
    )
  }
const logger: Logger = { debug: () => {}, info: log('INFO'), warn: log('WARN'), error: log('ERROR') }

const server = await startServer({ properties: readFileSync(propertiesFile, 'utf8'), format: true, logger })
for (const warning of server.warnings) process.stderr.write(`WARN ${warning}\n`)

let closing = false
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (closing) return
    closing = true
    server.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error('close failed', { error })
        process.exit(1)
      },
    )
  })
}
void server.stopped.then((failure) => {
  if (failure === undefined || closing) return
  logger.error('stopped by a failure', { failure })
  process.exit(1)
})

process.stdout.write(
  `ready ${JSON.stringify({ bootstrapServers: server.bootstrapServers, clusterId: server.clusterId })}\n`,
)
