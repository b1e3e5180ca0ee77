/**
 * Clients that are native code, installed apart from the project's own dependencies.
 *
 * kafka-crab-js comes prebuilt, but npm leaves its binary out unless it runs under Node.js 24. @confluentinc/kafka-javascript downloads a
 * binary in an install script; here its few sources are compiled against the librdkafka that `conformance/peers` has built, which is of the
 * same version as the one it brings. Both go into `.cache/`, whole or not at all.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import process from 'node:process'
import { ensurePackages, ensureProgram, findProgram } from '../conformance/peers/debian.ts'
import { cacheDirectory } from '../conformance/peers/kafka.ts'
import { ensureLibrdkafka } from '../conformance/peers/librdkafka.ts'
import { run } from '../conformance/peers/process.ts'

const packages = {
  crab: { name: 'kafka-crab-js', version: '5.0.0' },
  confluent: { name: '@confluentinc/kafka-javascript', version: '1.10.1' },
} as const

export type NativeClient = keyof typeof packages

const homeOf = (client: NativeClient): string =>
  join(cacheDirectory, 'clients', `${client}-${packages[client].version}`)

/** The package of a native client that has been installed. */
export function requireNative(client: NativeClient): unknown {
  return createRequire(join(homeOf(client), 'package.json'))(packages[client].name)
}

export async function ensureNative(client: NativeClient): Promise<void> {
  const home = homeOf(client)
  if (existsSync(home)) return
  mkdirSync(dirname(home), { recursive: true })
  const work = mkdtempSync(join(dirname(home), `${client}-installing-`))
  try {
    const { name, version } = packages[client]
    writeFileSync(join(work, 'package.json'), '{ "private": true }\n')
    const tools = client === 'confluent' ? ['node-gyp@11.5.0'] : []
    const npm = findProgram('npm') ?? (await ensureProgram('npm', 'npm'))
    const env = { PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter) }
    await run(npm, ['install', '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${version}`, ...tools], {
      cwd: work,
      env,
      timeoutMs: 300_000,
    })
    if (client === 'confluent') await compileConfluent(work, env)
    renameSync(work, home)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

async function compileConfluent(work: string, env: { readonly PATH: string }): Promise<void> {
  await ensurePackages(['g++', 'make', 'python3'])
  const { home } = await ensureLibrdkafka()
  const [c, cpp] = [join(home, 'src'), join(home, 'src-cpp')]
  const headers = join(dirname(process.execPath), '..', 'include')
  await run(join(work, 'node_modules', '.bin', 'node-gyp'), ['rebuild', `--nodedir=${dirname(headers)}`], {
    cwd: join(work, 'node_modules', packages.confluent.name),
    env: {
      ...env,
      BUILD_LIBRDKAFKA: '0',
      CXXFLAGS: `-I${c} -I${cpp}`,
      LDFLAGS: `-L${c} -L${cpp} -Wl,-rpath,${c} -Wl,-rpath,${cpp}`,
    },
    timeoutMs: 600_000,
  })
}
