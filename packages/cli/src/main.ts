/** The `braidlog` program: signals in, exit code out; everything else is `program.ts`. */
import { enableCompileCache } from 'node:module'

enableCompileCache()
const { run } = await import('./program.ts')

const interrupt = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // A second signal means: now.
    if (interrupt.signal.aborted) process.exit(130)
    interrupt.abort(new Error(signal))
  })
}
// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

// The timers of client and server let a process end; a command that waits for one must not.
const awake = setInterval(() => {}, 2 ** 30)
process.exitCode = await run(
  process.argv.slice(2),
  { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, env: process.env, cwd: process.cwd() },
  interrupt.signal,
)
clearInterval(awake)
