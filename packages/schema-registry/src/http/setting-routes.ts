/** `/config`, `/mode` and `/contexts`. */
import { AclOperation } from '@braidlog/model'
import { listContexts } from '../core/queries.ts'
import { readConfig, readMode } from '../core/settings.ts'
import { contextOf } from '../core/subject.ts'
import { configBody, configChangeBody } from './answers.ts'
import { configChange, modeOf } from './body.ts'
import type { Exchange } from './exchange.ts'
import { contextParam, flag, page } from './params.ts'
import { onScope } from './rights.ts'
import type { Define } from './routes.ts'

const READING = onScope(AclOperation.DESCRIBE_CONFIGS)
const CHANGING = onScope(AclOperation.ALTER_CONFIGS)

export const defineSettings: Define = ({ get, put, del }, service) => {
  const { core } = service

  for (const path of ['/config', '/config/:subject']) {
    get(path, READING, (exchange) =>
      exchange.outcome(readConfig(core, exchange.scope, flag(exchange, 'defaultToGlobal')), configBody),
    )
    put(path, CHANGING, async (exchange) => {
      const change = configChange(await exchange.fields())
      return await exchange.write({ kind: 'setConfig', subject: exchange.scope, change }, configChangeBody)
    })
    del(
      path,
      CHANGING,
      async (exchange) => await exchange.write({ kind: 'deleteConfig', subject: exchange.scope }, configBody),
    )
  }

  for (const path of ['/mode', '/mode/:subject']) {
    get(path, READING, (exchange) =>
      exchange.outcome(readMode(core, exchange.scope, flag(exchange, 'defaultToGlobal')), (mode) => ({ mode })),
    )
    put(path, CHANGING, async (exchange) => {
      const mode = modeOf(await exchange.fields())
      const [{ scope: subject }, force] = [exchange, flag(exchange, 'force')]
      return await exchange.write({ kind: 'setMode', subject, mode, force }, (set) => ({ mode: set }))
    })
    del(path, CHANGING, async (exchange) => {
      const [{ scope: subject }, recursive] = [exchange, flag(exchange, 'recursive')]
      return await exchange.write({ kind: 'deleteMode', subject, recursive }, (mode) => ({ mode }))
    })
  }
}

/** Not under a context themselves. */
export const defineContexts: Define = ({ get, del }, { core }) => {
  get('/contexts', 'filtered', (exchange) => {
    const contexts = listContexts(core, exchange.query('contextPrefix') ?? '')
    return exchange.answer(
      page(
        exchange,
        contexts.filter((context) => isVisible(exchange, context)),
      ),
    )
  })
  del('/contexts/:context', onScope(AclOperation.DELETE), async (exchange) => {
    return await exchange.write({ kind: 'deleteContext', context: contextParam(exchange)! }, () => null)
  })

  /** A context can be seen by who may describe it, or anything in it. */
  const isVisible = (exchange: Exchange, context: string): boolean =>
    exchange.may(AclOperation.DESCRIBE, `:${context}:`) ||
    core.state
      .subjects()
      .some((subject) => contextOf(subject) === context && exchange.may(AclOperation.DESCRIBE, subject))
}
