/** The log of a long-running program: JSON lines on stderr, by pino. */
import type { Logger } from '@braidlog/base'
import { pino } from 'pino'
import { CliError } from './exit.ts'

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent']

export function programLogger(level: string): Logger {
  if (!LEVELS.includes(level)) throw new CliError(`--log-level takes one of ${LEVELS.join(', ')}; got '${level}'`)
  const log = pino({ level, base: null }, pino.destination({ dest: 2, sync: true }))
  return {
    debug: (message, fields = {}) => log.debug(fields, message),
    info: (message, fields = {}) => log.info(fields, message),
    warn: (message, fields = {}) => log.warn(fields, message),
    error: (message, fields = {}) => log.error(fields, message),
  }
}
