/** `/config`, `/mode` and `/contexts`. */
import { listContexts } from '../core/queries.ts'
import { readConfig, readMode } from '../core/settings.ts'
import { configBody, configChangeBody } from './answers.ts'
import { configChange, modeOf } from './body.ts'
import { contextParam, flag, page, scopeParam } from './params.ts'
import type { Define } from './routes.ts'

export const defineSettings: Define = ({ get, put, del }, service) => {
  const { core } = service

  for (const path of ['/config', '/config/:subject']) {
    get(path, (exchange) =>
      exchange.outcome(readConfig(core, scopeParam(exchange), flag(exchange, 'defaultToGlobal')), configBody),
    )
    put(path, async (exchange) => {
      const change = configChange(await exchange.fields())
      return await exchange.write({ kind: 'setConfig', subject: scopeParam(exchange), change }, configChangeBody)
    })
    del(
      path,
      async (exchange) => await exchange.write({ kind: 'deleteConfig', subject: scopeParam(exchange) }, configBody),
    )
  }

  for (const path of ['/mode', '/mode/:subject']) {
    get(path, (exchange) =>
      exchange.outcome(readMode(core, scopeParam(exchange), flag(exchange, 'defaultToGlobal')), (mode) => ({ mode })),
    )
    put(path, async (exchange) => {
      const mode = modeOf(await exchange.fields())
      const [subject, force] = [scopeParam(exchange), flag(exchange, 'force')]
      return await exchange.write({ kind: 'setMode', subject, mode, force }, (set) => ({ mode: set }))
    })
    del(path, async (exchange) => {
      const [subject, recursive] = [scopeParam(exchange), flag(exchange, 'recursive')]
      return await exchange.write({ kind: 'deleteMode', subject, recursive }, (mode) => ({ mode }))
    })
  }
}

/** Not under a context themselves. */
export const defineContexts: Define = ({ get, del }, service) => {
  get('/contexts', (exchange) =>
    exchange.answer(page(exchange, listContexts(service.core, exchange.query('contextPrefix') ?? ''))),
  )
  del(
    '/contexts/:context',
    async (exchange) => await exchange.write({ kind: 'deleteContext', context: contextParam(exchange)! }, () => null),
  )
}
