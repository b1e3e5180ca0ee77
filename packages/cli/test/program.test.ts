/** What holds for every command: flags before and after, exit codes, errors in every format, completion. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { createCli } from '../src/command.ts'
import { CliError, ExitCode, reportOf } from '../src/exit.ts'
import { hoistFlags } from '../src/tree.ts'
import { assertGolden, braidlog } from './drive.ts'

/** Nothing listens on the discard port of loopback. */
const NOWHERE = ['-b', '127.0.0.1:9']

test('flags before the command move behind it, and what follows -- stays at the end', () => {
  assert.deepEqual(hoistFlags(['-b', 'h:1', '-q', 'topic', 'list', '-i']), {
    noun: 'topic',
    args: ['topic', 'list', '-i', '-b', 'h:1', '-q'],
  })
  assert.deepEqual(hoistFlags(['-X', 'a=b', 'topic', 'describe', '--', '-odd']), {
    noun: 'topic',
    args: ['topic', 'describe', '-X', 'a=b', '--', '-odd'],
  })
  assert.deepEqual(hoistFlags(['--output=json', 'explain', '3']), {
    noun: 'explain',
    args: ['explain', '3', '--output=json'],
  })
  assert.deepEqual(hoistFlags(['--help']), { noun: undefined, args: ['--help'] })
  assert.deepEqual(hoistFlags([]), { noun: undefined, args: [] })
})

test('global flags mean the same on both sides of the command', async () => {
  const behind = await braidlog(['explain', '3', '-o', 'json'])
  assert.deepEqual(await braidlog(['-o', 'json', 'explain', '3']), behind)
  assert.equal(behind.exitCode, 0)
})

test('wrong usage ends with 2 and a word about what is wrong', async () => {
  const cases: [string[], RegExp][] = [
    [['nonsense'], /unknown command 'nonsense'/],
    [['topic', 'lst'], /unknown command 'lst'|Did you mean list/],
    [['topic', 'list', '--nonsense'], /unknown option '--nonsense'/],
    [['topic', 'list', '-o', 'xml'], /xml/],
    [['topic', 'list', '--timeout', 'soon'], /duration/],
    [['topic', 'create'], /missing required argument/],
    [['produce'], /--topic/],
    [['explain', 'NO_SUCH_THING'], /no error 'NO_SUCH_THING'/],
    [['explain', '9999'], /no error code 9999/],
    [['completion', 'tcsh'], /bash, zsh or fish/],
    [['topic', 'list', '-X', 'novalue'], /key=value/],
    [['config', 'get', 'orders'], /no resource/],
    [['config', 'set', 'topic/orders'], /nothing to change/],
    [['topic', 'list', '-b', 'nowhere'], /no host:port/],
    [
      ['topic', 'list', '-X', 'fetch.min.byte=1'],
      /there is no property 'fetch.min.byte'; did you mean 'fetch.min.bytes'/,
    ],
    [['topic', 'list', '-X', 'sasl.mechanism=PLAIN'], /SASL/],
    [['topic', 'list', '-X', 'linger.ms=x'], /linger\.ms must be a number/],
  ]
  for (const [args, message] of cases) {
    const { exitCode, stdout, stderr } = await braidlog(args)
    assert.equal(exitCode, ExitCode.Usage, args.join(' '))
    assert.equal(stdout, '', args.join(' '))
    assert.match(stderr, message, args.join(' '))
  }
})

test('with -o json wrong usage is an envelope too', async () => {
  for (const args of [
    ['topic', 'lst', '-o', 'json'],
    ['-o', 'json', 'topic', 'create'],
    ['explain', 'NO_SUCH_THING', '-o', 'json'],
  ]) {
    const { exitCode, stdout, stderr } = await braidlog(args)
    assert.equal(exitCode, ExitCode.Usage)
    assert.equal(stderr, '')
    assert.equal((JSON.parse(stdout) as { error: { code: string } }).error.code, 'USAGE')
  }
})

test('an unreachable broker ends with 3 and says what to try', async () => {
  const { exitCode, stdout, stderr } = await braidlog(['topic', 'list', ...NOWHERE])
  assert.equal(exitCode, ExitCode.NoConnection)
  assert.equal(stdout, '')
  assert.match(stderr, /127\.0\.0\.1:9/)
  assert.match(stderr, /hint: .*braidlog dev/)
})

test('with -o json an error is an envelope on stdout and nothing on stderr', async () => {
  for (const args of [
    ['topic', 'list', ...NOWHERE, '-o', 'json'],
    ['-o', 'json', 'topic', 'list', ...NOWHERE],
    ['topic', 'list', ...NOWHERE, '--output=json'],
  ]) {
    const { exitCode, stdout, stderr } = await braidlog(args)
    assert.equal(exitCode, ExitCode.NoConnection)
    assert.equal(stderr, '')
    const envelope = JSON.parse(stdout) as { command: string; version: number; error: Record<string, unknown> }
    assert.equal(envelope.command, 'topic list')
    assert.equal(envelope.version, 1)
    assert.equal(envelope.error['code'], 'CONNECTION_FAILED')
  }
})

test('every kind of error has its exit code', () => {
  const kafkaError = (code: string): Error => Object.assign(new Error(code), { name: 'KafkaError', code })
  const cases: [unknown, number][] = [
    [new CliError('x'), 2],
    [new CliError('x', { exitCode: 1 }), 1],
    [kafkaError('CONNECTION_FAILED'), 3],
    [kafkaError('TOPIC_AUTHORIZATION_FAILED'), 4],
    [kafkaError('SASL_AUTHENTICATION_FAILED'), 4],
    [kafkaError('TIMED_OUT'), 124],
    [kafkaError('TOPIC_ALREADY_EXISTS'), 1],
    [kafkaError('INVALID_OPTION'), 2],
    [Object.assign(new Error('no room'), { code: 'ENOSPC' }), 1],
    [new Error('a bug'), 1],
    ['a string', 1],
  ]
  for (const [error, exitCode] of cases) assert.equal(reportOf(error, false).exitCode, exitCode)
  assert.equal(reportOf(new Error('whatever'), true).exitCode, 130)
})

test('an error of several items lists each of them', () => {
  const item = (name: string, code: string): unknown => ({ item: name, error: { code, message: `${name} failed` } })
  const error = Object.assign(new Error('2 of 3 failed'), {
    name: 'KafkaError',
    code: 'PARTIAL_FAILURE',
    details: [item('a', 'X_Y'), { item: 'b', error: null }, item('c', 'Z_W')],
  })
  assert.deepEqual(reportOf(error, false).details, [
    { item: 'a', code: 'X_Y', message: 'a failed' },
    { item: 'c', code: 'Z_W', message: 'c failed' },
  ])
})

test('an interrupted command ends with 130 and prints nothing', async () => {
  const controller = new AbortController()
  controller.abort(new Error('SIGINT'))
  const { exitCode, stdout } = await braidlog(['topic', 'list', ...NOWHERE], { signal: controller.signal })
  assert.equal(exitCode, ExitCode.Interrupted)
  assert.equal(stdout, '')
})

test('explain tells a code and a name alike, in Kafka spelling and in Java spelling', async () => {
  const byCode = await braidlog(['explain', '72', '-o', 'json'])
  assertGolden('explain.txt', byCode.stdout)
  for (const spelling of ['LISTENER_NOT_FOUND', 'ListenerNotFoundException', 'listener_not_found']) {
    assert.deepEqual(await braidlog(['explain', spelling, '-o', 'json']), byCode)
  }
})

test('completion offers commands, verbs and flags with what they do', async () => {
  const complete = async (...words: string[]): Promise<string[]> => {
    const { exitCode, stdout } = await braidlog(['__complete', ...words])
    assert.equal(exitCode, 0)
    return stdout.split('\n').filter((line) => line !== '')
  }
  assert.deepEqual(
    (await complete('to')).map((line) => line.split('\t')[0]),
    ['topic'],
  )
  const verbs = (await complete('topic', '')).map((line) => line.split('\t')[0])
  assert.ok(verbs.includes('create') && verbs.includes('trim'))
  assert.deepEqual(
    (await complete('-q', 'topic', 'add')).map((line) => line.split('\t')[0]),
    ['add-partitions'],
  )
  assert.match((await complete('topic', 'create', '--part')).join(), /^--partitions\t/)
  // Without a broker there are no names, and no noise either.
  assert.deepEqual(await complete('-b', '127.0.0.1:9', 'topic', 'describe', ''), [])
})

test('the completion script of each shell asks the program itself', async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { exitCode, stdout } = await braidlog(['completion', shell])
    assert.equal(exitCode, 0)
    assert.match(stdout, /braidlog __complete/)
  }
})

test('an action gets a client only when it asks for one', async () => {
  let ran = false
  const io = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, env: {}, cwd: '.' }
  const cli = createCli(io, new AbortController().signal, () => {})
  await cli.execute('nothing', {}, async (context) => {
    ran = context.settings.bootstrapServers.value === 'localhost:9092'
  })
  assert.equal(ran, true)
})
