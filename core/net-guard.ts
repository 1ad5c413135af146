import { lookup as systemLookup } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'

/**
 * Where a tenant or a partner may have us connect to: machines on the internet, and nothing else. One guard for webhooks out, mail
 * servers and push services.
 */

/** IANA special-purpose registries (read 2026-11-21): what ipaddr.js calls unicast and is nobody's on the internet all the same. */
const notOnTheInternet = ['192.0.0.0/24', '192.88.99.0/24', '2001::/23', '3fff::/20'].map(network => ipaddr.parseCIDR(network))

/** Anything but an address in its usual notation is not public: names, `0x7f.1`, `017700000001`, nothing. */
export function isPublicAddress (address: string): boolean {
  if (isIP(address) === 0) return false
  const parsed = ipaddr.parse(address)
  // An IPv6 address is public only within what IANA has given out for it (2000::/3); mapped ones, NAT64, 6to4 and Teredo hide another address inside.
  if (parsed instanceof ipaddr.IPv6 && (parsed.zoneId !== undefined || (parsed.parts[0]! & 0xe000) !== 0x2000)) return false
  return parsed.range() === 'unicast' && !notOnTheInternet.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network as ipaddr.IPv4 & ipaddr.IPv6, bits))
}

/** Somebody wants us to call a machine that is not on the internet. Nothing was sent. */
export class PrivateAddress extends Error {
  readonly code = 'EPRIVATE'
  constructor (host: string) { super(`${host} is not a public address`) }
}

/** Without the brackets of IPv6. */
export const bareHost = (host: string): string => host.replace(/^\[|\]$/g, '')

/** An address of this host that a tenant may have us call. Throws PrivateAddress, or what DNS says. */
export async function publicAddressOf (host: string, { allowPrivate }: { allowPrivate: boolean }): Promise<string> {
  const name = bareHost(host)
  if (allowPrivate) return name
  const addresses = isIP(name) !== 0 ? [name] : (await lookup(name, { all: true })).map(({ address }) => address)
  const found = addresses.find(isPublicAddress)
  if (found === undefined || addresses.some(address => !isPublicAddress(address))) throw new PrivateAddress(name)
  return found
}

/**
 * For a socket: the name is judged by the addresses that are then connected to, so that it cannot change in between. One address
 * that is not public condemns the name. A literal address never gets here: see `assertPublicLiteral`.
 */
export function guardedLookup (resolve: typeof systemLookup = systemLookup): LookupFunction {
  return (host, options, done) => {
    resolve(host, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return done(error, '', 0)
      if (addresses.length === 0 || addresses.some(({ address }) => !isPublicAddress(address))) return done(new PrivateAddress(host), '', 0)
      if (options.all === true) return done(null, addresses)
      done(null, addresses[0]!.address, addresses[0]!.family)
    })
  }
}

export const publicLookup: LookupFunction = guardedLookup()

/** Of a URL whose host is an address, which no lookup sees. Throws PrivateAddress. */
export function assertPublicLiteral (host: string): void {
  const name = bareHost(host)
  if (isIP(name) !== 0 && !isPublicAddress(name)) throw new PrivateAddress(name)
}
