/**
 * The machines of a how-to, as processes on this one: `10.0.0.N` becomes loopback with ports of its own, `server.properties` a file for
 * each, and variables what they stand for.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { freePorts, run, start, type RunningChild, type RunResult } from '../peers/process.ts'

const CLI = join(import.meta.dirname, '..', '..', 'packages', 'cli', 'bin', 'braidlog.js')
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 60_000

export class Machines implements AsyncDisposable {
  readonly #work: string
  readonly #ports: readonly number[]
  readonly #count: number
  readonly #variables: Readonly<Record<string, string>>
  readonly #nodes = new Map<number, RunningChild>()

  private constructor(work: string, ports: readonly number[], variables: Readonly<Record<string, string>>) {
    this.#work = work
    this.#ports = ports
    this.#count = ports.length / 2
    this.#variables = variables
  }

  /**
   * Writes the properties of every machine.
   * @param properties as the page shows them, for machine 1
   * @param extra more of them, such as timeouts that suit a test
   */
  static async prepare(
    count: number,
    properties: string,
    extra: Readonly<Record<string, string | number>>,
    variables: Readonly<Record<string, string>>,
  ): Promise<Machines> {
    const work = mkdtempSync(join(tmpdir(), 'braidlog-operate-'))
    const machines = new Machines(work, await freePorts(2 * count), variables)
    for (let id = 1; id <= count; id++) {
      const own = properties
        .replaceAll(/^node\.id=.*$/gm, `node.id=${id}`)
        .replaceAll(/^(listeners=.*)$/gm, (line) => line.replaceAll('10.0.0.1', `10.0.0.${id}`))
        .replaceAll(/^log\.dirs=.*$/gm, `log.dirs=${join(work, `machine-${id}`)}`)
        .replaceAll(/^broker\.rack=.*$/gm, `broker.rack=${'abcdefgh'[id - 1]}`)
      const more = Object.entries(extra).map(([key, value]) => `${key}=${value}\n`)
      writeFileSync(machines.#propertiesOf(id), `${machines.#substitute(own)}\n${more.join('')}`)
    }
    return machines
  }

  get bootstrapServers(): string[] {
    return Array.from({ length: this.#count }, (_, at) => this.#address(at + 1, 9092))
  }

  /** Runs a command of the page on one machine, to its end. */
  braidlog(id: number, args: readonly string[], exitCodes: readonly number[] = [0]): Promise<RunResult> {
    const own = args.map((arg) => (arg === 'server.properties' ? this.#propertiesOf(id) : this.#substitute(arg)))
    return run(process.execPath, [CLI, ...own], {
      env: { BOOTSTRAP_SERVERS: this.bootstrapServers.join(',') },
      timeoutMs: START_TIMEOUT_MS,
      exitCodes,
    })
  }

  /** Runs `braidlog start server.properties`, and resolves when the node serves. */
  async start(id: number, args: readonly string[]): Promise<void> {
    const own = args.map((arg) => (arg === 'server.properties' ? this.#propertiesOf(id) : arg))
    const child = start(process.execPath, [CLI, ...own, '--log-level', 'warn'])
    this.#nodes.set(id, child)
    await child.line(/^Braidlog node /m, START_TIMEOUT_MS)
  }

  /** As `systemctl stop` does. @returns its exit code */
  async stop(id: number): Promise<number> {
    const child = this.#nodes.get(id)!
    this.#nodes.delete(id)
    await child.stop(STOP_TIMEOUT_MS)
    return child.exitCode()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((child) => child.kill()))
    rmSync(this.#work, { recursive: true, force: true })
  }

  #propertiesOf(id: number): string {
    return join(this.#work, `machine-${id}.properties`)
  }

  #address(id: number, port: number): string {
    return `127.0.0.1:${this.#ports[id - 1 + (port === 9092 ? 0 : this.#count)]}`
  }

  #substitute(text: string): string {
    return text
      .replaceAll(/10\.0\.0\.(\d+):(909[23])/g, (_, id: string, port: string) =>
        this.#address(Number(id), Number(port)),
      )
      .replaceAll(/\$([A-Z]\w*)/g, (whole, name: string) => this.#variables[name] ?? whole)
  }
}
