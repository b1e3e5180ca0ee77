/**
 * Java 17 or newer and Maven: what Apache Kafka's broker and tools need.
 *
 * Found in JAVA_HOME, on the PATH or where Debian installs it; otherwise installed from Debian.
 */
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ensurePackages, ensureProgram, findProgram, PeerMissingError } from './debian.ts'
import { run } from './process.ts'

export interface Java {
  readonly java: string
  /** Absent with a runtime that has no compiler. */
  readonly javac: string | undefined
  readonly versionMajor: number
}

const versionMin = 17

let found: Promise<Java> | undefined

/** The Java to use; looked for once per process. */
export function ensureJava(): Promise<Java> {
  return (found ??= findOrInstall())
}

async function findOrInstall(): Promise<Java> {
  const existing = await findJava()
  if (existing !== undefined) return existing
  await ensurePackages([`openjdk-${versionMin}-jdk-headless`])
  const installed = await findJava()
  if (installed === undefined)
    throw new PeerMissingError(`Java ${versionMin}`, `Set JAVA_HOME to a JDK ${versionMin} or newer`)
  return installed
}

async function findJava(): Promise<Java | undefined> {
  const jvms = '/usr/lib/jvm'
  const candidates = [
    process.env['JAVA_HOME'] === undefined ? undefined : join(process.env['JAVA_HOME'], 'bin', 'java'),
    findProgram('java'),
    ...(existsSync(jvms) ? readdirSync(jvms).map((name) => join(jvms, name, 'bin', 'java')) : []),
  ]
  let runtimeOnly: Java | undefined
  for (const java of candidates) {
    if (java === undefined || !existsSync(java)) continue
    const { stdout, stderr } = await run(java, ['-version'], { exitCodes: [0, 1] })
    const versionMajor = Number((stdout + stderr).match(/version "(\d+)/)?.[1] ?? 0)
    if (versionMajor < versionMin) continue
    const javac = join(dirname(java), 'javac')
    if (existsSync(javac)) return { java, javac, versionMajor }
    runtimeOnly ??= { java, javac: undefined, versionMajor }
  }
  return runtimeOnly
}

/** Path of `mvn`. */
export async function ensureMaven(): Promise<string> {
  await ensureJava()
  return ensureProgram('mvn', 'maven')
}
