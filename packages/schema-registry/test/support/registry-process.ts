/** A registry as a process: options as JSON in the first argument; prints its URL, then ends when its stdin does. */
import { startRegistry, type RegistryOptions } from '../../src/index.ts'

const registry = await startRegistry(JSON.parse(process.argv[2]!) as RegistryOptions)
process.stdout.write(`${registry.url}\n`)
process.stdin.on('end', () => {
  void registry.close().then(() => process.exit(0))
})
process.stdin.resume()
