/** Broker addresses as people write them: `host:port`, `[::1]:9092`, several separated by commas. */

export interface HostPort {
  readonly host: string
  readonly port: number
}

/** @returns the addresses, or a sentence saying what is wrong with the text */
export function parseAddresses(texts: readonly string[]): HostPort[] | string {
  const addresses: HostPort[] = []
  for (const text of texts.flatMap((each) => each.split(','))) {
    const trimmed = text.trim().replace(/^PLAINTEXT:\/\//i, '')
    if (trimmed === '') continue
    const match = /^(?:\[([^\]]+)\]|([^:[\]\s/]+))(?::(\d{1,5}))?$/.exec(trimmed)
    if (match === null) return `'${trimmed}' is no address; write host:port, IPv6 as [::1]:port`
    const port = match[3] === undefined ? DEFAULT_PORT : Number(match[3])
    if (port < 1 || port > 65_535) return `'${trimmed}': the port must be from 1 to 65535`
    addresses.push({ host: (match[1] ?? match[2])!, port })
  }
  return addresses.length === 0 ? 'at least one host:port is needed' : addresses
}

const DEFAULT_PORT = 9092
