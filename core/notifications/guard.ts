import { lookup as systemLookup } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** Addresses that are nobody's on the internet: this machine, private networks, metadata services, documentation (IANA special-purpose registries, read 2026-11-21). */
const special = { 4: new BlockList(), 6: new BlockList() }
for (const [network, bits] of [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12], ['192.0.0.0', 24], ['192.0.2.0', 24],
  ['192.88.99.0', 24], ['192.168.0.0', 16], ['198.18.0.0', 15], ['198.51.100.0', 24], ['203.0.113.0', 24], ['224.0.0.0', 4], ['240.0.0.0', 4]
] as const) special[4].addSubnet(network, bits, 'ipv4')
for (const [network, bits] of [
  ['::', 96], ['::ffff:0:0', 96], ['64:ff9b::', 96], ['64:ff9b:1::', 48], ['100::', 64], ['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['fc00::', 7], ['fe80::', 10], ['ff00::', 8]
] as const) special[6].addSubnet(network, bits, 'ipv6')

export function isPublicAddress (address: string): boolean {
  switch (isIP(address)) {
    case 4: return !special[4].check(address, 'ipv4')
    // A list of both would take an IPv4 address for its mapped one, and all of those are refused.
    case 6: return !special[6].check(address, 'ipv6')
    default: return false
  }
}

/** Somebody wants us to call a machine that is not on the internet. Nothing was sent. */
export class PrivateAddress extends Error {
  readonly code = 'EPRIVATE'
  constructor (host: string) { super(`${host} is not a public address`) }
}

/** Without the brackets of IPv6. */
const bare = (host: string): string => host.replace(/^\[|\]$/g, '')

/** An address of this host that a tenant may have us call. Throws PrivateAddress, or what DNS says. */
export async function publicAddressOf (host: string, { allowPrivate }: { allowPrivate: boolean }): Promise<string> {
  const name = bare(host)
  if (allowPrivate) return name
  const addresses = isIP(name) !== 0 ? [name] : (await lookup(name, { all: true })).map(({ address }) => address)
  const found = addresses.find(isPublicAddress)
  if (found === undefined || addresses.some(address => !isPublicAddress(address))) throw new PrivateAddress(name)
  return found
}

/** For a socket: the name is judged by the address that is then connected to, so that it cannot change in between. A literal address never gets here: see `publicAddressOf`. */
export const publicLookup: LookupFunction = (host, options, done) => {
  systemLookup(host, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return done(error, '', 0)
    if (addresses.length === 0 || addresses.some(({ address }) => !isPublicAddress(address))) return done(new PrivateAddress(host), '', 0)
    if (options.all === true) return done(null, addresses)
    done(null, addresses[0]!.address, addresses[0]!.family)
  })
}
