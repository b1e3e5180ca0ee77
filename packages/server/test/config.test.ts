/** Configuration: files, environment, overrides, warnings, and what stops a start. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ServerError, type ServerErrorCode } from '@braidlog/server'
import { resolveConfig, type ConfigInputs } from '../src/config.ts'
import { keyOf } from '../src/environment.ts'
import { parseProperties } from '../src/properties.ts'

function refused(inputs: ConfigInputs, key: string, pattern: RegExp, code: ServerErrorCode = 'INVALID_CONFIG'): void {
  assert.throws(
    () => resolveConfig(inputs),
    (error) => {
      assert(error instanceof ServerError)
      assert.equal(error.code, code)
      assert.equal(error.key, key)
      assert.match(error.message, pattern)
      return true
    },
  )
}

describe('a properties file', () => {
  it('is read as Java reads it', () => {
    const text = [
      '# a comment',
      '! another',
      'a=1',
      ' b : 2 ',
      'c 3',
      'listeners=PLAINTEXT://:9092,\\',
      '   CONTROLLER://:9093',
      'path=C:\\\\data',
      'key\\ with\\=signs=x\\ty',
      'unicode=\\u00e9',
      'empty=',
      'a=last wins',
      '',
    ].join('\n')
    assert.deepEqual(Object.fromEntries(parseProperties(text)), {
      a: 'last wins',
      b: '2',
      c: '3',
      listeners: 'PLAINTEXT://:9092,CONTROLLER://:9093',
      path: 'C:\\data',
      'key with=signs': 'x\ty',
      unicode: 'é',
      empty: '',
    })
  })
})

describe('environment variables', () => {
  it('name keys by the rules of the apache/kafka image', () => {
    assert.equal(keyOf('KAFKA_LOG_DIRS'), 'log.dirs')
    assert.equal(keyOf('KAFKA_NODE_ID'), 'node.id')
    assert.equal(keyOf('KAFKA_A__B'), 'a_b')
    assert.equal(keyOf('KAFKA_A___B_C'), 'a-b.c')
  })

  it('override the file and are overridden by options; what only looks like a key is left out', () => {
    const config = resolveConfig({
      properties: 'num.partitions=2\nnode.id=7\nlog.dirs=/file',
      environment: {
        KAFKA_NUM_PARTITIONS: '3',
        KAFKA_LOG_DIRS: '/environment',
        KAFKA_HEAP_OPTS: '-Xmx1g',
        KAFKA_LOG4J_ROOT_LOGLEVEL: 'INFO',
        PATH: '/bin',
      },
      config: { 'log.dirs': '/option' },
    })
    assert.equal(config.values['num.partitions'], 3)
    assert.equal(config.nodeId, 7)
    assert.equal(config.directory, '/option')
    assert.deepEqual(config.warnings, [])
  })
})

describe('the configuration of a single node', () => {
  it('needs nothing to be set and listens on loopback only', () => {
    const { listeners, nodeId, values } = resolveConfig({})
    assert.deepEqual(listeners.broker, [{ name: 'PLAINTEXT', host: '127.0.0.1', port: 9092 }])
    assert.equal(nodeId, 1)
    assert.deepEqual(values['process.roles'], ['broker', 'controller'])
  })

  it('takes broker.id for node.id when only that is given', () => {
    assert.equal(resolveConfig({ config: { 'broker.id': 4 } }).nodeId, 4)
    refused({ config: { 'broker.id': 4, 'node.id': 5 } }, 'broker.id', /set only one/)
  })

  it('warns of unknown keys with the nearest name, and of keys without effect', () => {
    const { warnings } = resolveConfig({
      config: { 'num.partition': 3, 'zookeeper.connect': 'z:2181', 'utterly.foreign.nonsense': 1, 'num.io.threads': 4 },
    })
    assert(warnings.some((warning) => /num\.partition is not a known key; did you mean num\.partitions/.test(warning)))
    assert(warnings.some((warning) => /zookeeper\.connect has no effect/.test(warning)))
    assert(warnings.some((warning) => /^utterly\.foreign\.nonsense is not a known key$/.test(warning)))
    assert(warnings.some((warning) => /num\.io\.threads is known, but has no effect/.test(warning)))
  })

  it('refuses impossible values and contradictions with the name of the key', () => {
    refused({ config: { 'num.partitions': 'many' } }, 'num.partitions', /^num\.partitions must be a whole number/)
    refused({ config: { 'num.partitions': 0 } }, 'num.partitions', /^num\.partitions must be at least 1/)
    refused({ config: { 'log.dirs': '/a,/b' } }, 'log.dirs', /2 directories/)
    refused(
      { config: { 'log.dirs': '/a', 'metadata.log.dir': '/m' } },
      'metadata.log.dir',
      /keeps metadata in log\.dirs/,
    )
    refused(
      { config: { 'group.min.session.timeout.ms': 9000, 'group.max.session.timeout.ms': 8000 } },
      'group.min.session.timeout.ms',
      /more than/,
    )
  })
})

describe('roles', () => {
  const controllers = { 'controller.quorum.bootstrap.servers': '127.0.0.1:9093' }

  it('make a broker that follows controllers elsewhere', () => {
    const config = resolveConfig({ config: { 'process.roles': 'broker', 'node.id': 4, ...controllers } })
    assert.deepEqual([config.isBroker, config.isController, config.quorum.isAlone], [true, false, false])
    assert.deepEqual(config.quorum.bootstrapServers, [{ host: '127.0.0.1', port: 9093 }])
    assert.deepEqual(config.listeners.controller, [])
  })

  it('make a controller without clients', () => {
    const config = resolveConfig({
      config: { 'process.roles': 'controller', listeners: 'CONTROLLER://127.0.0.1:9093' },
    })
    assert.deepEqual([config.isBroker, config.isController], [false, true])
    assert.deepEqual(config.listeners.broker, [])
    assert.equal(config.listeners.opensController, true)
  })

  it('make one of several voters, each with its address', () => {
    const { quorum } = resolveConfig({
      config: {
        listeners: 'PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093',
        'controller.quorum.voters': '1@127.0.0.1:9093,2@[::1]:9095',
      },
    })
    assert.deepEqual(
      quorum.voters.map(({ id, endpoints }) => [id, endpoints[0]]),
      [
        [1, { name: 'CONTROLLER', host: '127.0.0.1', port: 9093 }],
        [2, { name: 'CONTROLLER', host: '::1', port: 9095 }],
      ],
    )
    assert.equal(quorum.isAlone, false)
  })

  it('are refused in combinations that cannot work', () => {
    const voters = 'controller.quorum.voters'
    const broker = { 'process.roles': 'broker' }
    const open = { listeners: 'PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093' }
    refused({ config: { 'process.roles': 'wizard' } }, 'process.roles', /wizard|broker/)
    refused({ config: broker }, 'controller.quorum.bootstrap.servers', /where the controllers are/)
    refused({ config: { ...broker, [voters]: '1@a:1,2@b:1' } }, voters, /names node 1/)
    refused({ config: { ...open, [voters]: '2@b:1' } }, voters, /does not name node 1/)
    refused({ config: { ...open, [voters]: '1@a:1,1@b:1' } }, voters, /node 1 twice/)
    refused({ config: { [voters]: '1@a:1,2@b:1' } }, 'listeners', /listener for the other controllers/)
    refused({ config: { ...broker, ...controllers, ...open } }, 'listeners', /CONTROLLER, which is for controllers/)
    refused({ config: { 'process.roles': 'controller' } }, 'listeners', /where the controller listens/)
    refused({ config: { ...open, 'process.roles': 'controller' } }, 'listeners', /PLAINTEXT, which is for clients/)
    const interBroker = 'inter.broker.listener.name'
    refused({ config: { ...open, [interBroker]: 'CONTROLLER' } }, interBroker, /for controllers/)
    refused({ config: { ...open, [interBroker]: 'INSIDE' } }, interBroker, /which listeners does not have/)
  })
})

describe('listeners', () => {
  it('refuse to be open to other machines unless that was allowed', () => {
    refused({ config: { listeners: 'PLAINTEXT://:9092' } }, 'listeners', /all addresses/, 'OPEN_LISTENER')
    refused({ config: { listeners: 'PLAINTEXT://10.0.0.5:9092' } }, 'listeners', /10\.0\.0\.5/, 'OPEN_LISTENER')
    for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '[::1]']) {
      resolveConfig({ config: { listeners: `PLAINTEXT://${host}:9092` } })
    }
    const { listeners } = resolveConfig({
      config: { listeners: 'PLAINTEXT://0.0.0.0:9092', 'braidlog.allow.open.listeners': true },
    })
    assert.equal(listeners.broker[0]!.host, '0.0.0.0')
  })

  it('are split between clients and controllers, with their own advertised addresses', () => {
    const { listeners } = resolveConfig({
      config: {
        listeners: 'inside://127.0.0.1:19092,OUTSIDE://127.0.0.1:29092,CONTROLLER://127.0.0.1:9093',
        'advertised.listeners': 'OUTSIDE://kafka.example:443',
        'listener.security.protocol.map': 'INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT',
      },
    })
    assert.deepEqual(
      listeners.broker.map((listener) => listener.name),
      ['INSIDE', 'OUTSIDE'],
    )
    assert.deepEqual(listeners.controller, [{ name: 'CONTROLLER', host: '127.0.0.1', port: 9093 }])
    assert.deepEqual([...listeners.advertised], [['OUTSIDE', { name: 'OUTSIDE', host: 'kafka.example', port: 443 }]])
  })

  it('are refused when they make no sense, or need what is not served', () => {
    refused({ config: { listeners: 'nonsense' } }, 'listeners', /NAME:\/\/host:port, not "nonsense"/)
    refused({ config: { listeners: 'PLAINTEXT://127.0.0.1:70000' } }, 'listeners', /70000/)
    refused({ config: { listeners: 'CONTROLLER://127.0.0.1:1' } }, 'listeners', /for clients/)
    refused(
      { config: { listeners: 'A://127.0.0.1:1,a://127.0.0.1:2', 'listener.security.protocol.map': 'A:PLAINTEXT' } },
      'listeners',
      /A twice/,
    )
    const map = 'listener.security.protocol.map'
    refused({ config: { listeners: 'SSL://127.0.0.1:1' } }, map, /PLAINTEXT only/)
    refused({ config: { listeners: 'MINE://127.0.0.1:1' } }, map, /nothing about listener MINE/)
    refused({ config: { listeners: 'MINE://127.0.0.1:1', [map]: 'MINE:TELEPATHY' } }, map, /TELEPATHY/)
    refused({ config: { 'advertised.listeners': 'PLAINTEXT://0.0.0.0:1' } }, 'advertised.listeners', /cannot connect/)
    refused({ config: { 'advertised.listeners': 'OTHER://h:1' } }, 'advertised.listeners', /does not have/)
  })
})
