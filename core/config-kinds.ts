import { isIP } from 'node:net'

/** How the text of a variable becomes a value. */
export interface Kind<T> {
  /** One or two words, for the documentation. */
  readonly name: string
  /** Completes "expected …". */
  readonly expected: string
  /** Throws a Refusal, whose message completes "the value …"; it does not repeat the value. */
  readonly read: (text: string) => T
  /** For the start-up summary; JSON where absent. */
  readonly show?: (value: T) => string
}

export class Refusal extends Error {}

export const text: Kind<string> = { name: 'text', expected: 'text', read: value => value }

export const host: Kind<string> = {
  name: 'host',
  expected: 'an address or a host name, without a port',
  read: value => isIP(value) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(value) ? value : refuse('is no address and no host name')
}

export const mailAddress: Kind<string> = {
  name: 'mail address',
  expected: 'an e-mail address, without a name',
  read: value => /^[\w.!#$%&'*+/=?^`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(value) ? value : refuse('is no e-mail address')
}

export const graphVersion: Kind<string> = {
  name: 'version',
  expected: 'a version of the Graph API, such as v24.0',
  read: value => /^v\d{1,3}\.\d{1,2}$/.test(value) ? value : refuse('is no version of the Graph API')
}

export const ruc: Kind<string> = {
  name: 'RUC',
  expected: 'a RUC of Ecuador: 13 digits that end in 001',
  read: value => /^\d{10}001$/.test(value) ? value : refuse('is no RUC')
}

export const nif: Kind<string> = {
  name: 'NIF',
  expected: 'a NIF of Spain: 9 letters and digits',
  read: value => /^[A-Z0-9]{9}$/.test(value) ? value : refuse('is no NIF')
}

export const twoCharacters: Kind<string> = {
  name: 'code',
  expected: 'two letters or digits',
  read: value => /^[A-Z0-9]{2}$/.test(value) ? value : refuse('is no such code')
}

export const bool: Kind<boolean> = {
  name: 'yes or no',
  expected: 'one of: true, false, 1, 0, yes, no, on, off',
  read: value => {
    const word = value.toLowerCase()
    if (['true', '1', 'yes', 'on'].includes(word)) return true
    if (['false', '0', 'no', 'off'].includes(word)) return false
    return refuse('is neither yes nor no')
  }
}

export function int (min: number, max: number): Kind<number> {
  return {
    name: 'whole number',
    expected: `a whole number from ${min} to ${max}`,
    read: value => {
      if (!/^-?\d+$/.test(value)) refuse('is not a whole number')
      return within(Number(value), min, max)
    }
  }
}

export const port: Kind<number> = { ...int(0, 65535), name: 'port', expected: 'a port from 0 (a free one) to 65535' }

/** A timer of Node holds no more than this. */
export const milliseconds: Kind<number> = { ...int(1, 2 ** 31 - 1), name: 'milliseconds', expected: 'milliseconds, as a whole number without a unit' }

export const perSecond: Kind<number> = {
  name: 'per second',
  expected: 'a number above 0, such as 25 or 0.5',
  read: value => {
    if (!/^\d+(\.\d+)?$/.test(value)) refuse('is not a number')
    return Number(value) > 0 ? within(Number(value), 0, 100_000) : refuse('is 0')
  }
}

export const ratio: Kind<number> = {
  name: 'share',
  expected: 'a number from 0 to 1, such as 0.1',
  read: value => /^(?:0|1|0?\.\d+)$/.test(value) ? Number(value) : refuse('is no share')
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const durationMax = 3650 * 86_400_000

/** In milliseconds. */
export const duration: Kind<number> = {
  name: 'duration',
  expected: 'a whole number with a unit: 500ms, 5s, 10m, 2h or 7d',
  read: value => {
    const [, digits, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(value) ?? refuse(/^\d+$/.test(value) ? 'has no unit' : 'is not a duration')
    const ms = Number(digits) * units[unit!]!
    if (ms === 0) refuse('is no time at all')
    return ms <= durationMax ? ms : refuse('is more than ten years')
  },
  show: showDuration
}

/** What is kept by law, or for what others still need, is kept so long at least. */
export function durationFrom (days: number): Kind<number> {
  return {
    ...duration,
    expected: `a duration of ${days} days at least, such as ${days}d`,
    read: value => {
      const ms = duration.read(value)
      return ms < days * units.d! ? refuse('is too short') : ms
    }
  }
}

export const durations: Kind<readonly number[]> = {
  ...list(duration, { repeats: true }),
  expected: 'durations separated by commas, such as 5s,1m,1h',
  show: value => value.map(showDuration).join(',')
}

export function oneOf<const T extends string> (...values: readonly T[]): Kind<T> {
  return {
    name: 'one of',
    expected: `one of: ${values.join(', ')}`,
    read: value => values.find(known => known === value) ?? refuse('is none of them')
  }
}

export function list<T> (item: Kind<T>, { repeats = false } = {}): Kind<readonly T[]> {
  return {
    name: `list (${item.name})`,
    expected: `a list separated by commas, each ${item.expected}`,
    read: value => {
      const parts = value.split(',').map(part => part.trim())
      const values = parts.map((part, index) => {
        if (part === '') refuse(`has nothing at place ${index + 1}`)
        try {
          return item.read(part)
        } catch (error) {
          if (error instanceof Refusal) refuse(`${error.message} at place ${index + 1}`)
          throw error
        }
      })
      if (!repeats && new Set(values).size < values.length) refuse('names something twice')
      return values
    },
    show: value => value.join(',')
  }
}

export const packageName: Kind<string> = {
  name: 'npm package',
  expected: 'the name of an npm package',
  read: value => /^(@[a-z0-9][\w.-]*\/)?[a-z0-9][\w.-]*$/.test(value) ? value : refuse('is not the name of an npm package')
}

/** A URL with one of these schemes, as it stands. */
export function url (...schemes: readonly string[]): Kind<string> {
  return {
    name: 'URL',
    expected: `a URL that starts with ${schemes.map(scheme => `${scheme}://`).join(' or ')}`,
    read: value => {
      const { protocol } = parseUrl(value)
      return schemes.includes(protocol.slice(0, -1)) && value.includes('://') ? value : refuse('has another scheme')
    }
  }
}

/** Scheme, host and port, and nothing else. */
export const origin: Kind<string> = {
  name: 'origin',
  expected: 'scheme, host and port only, such as http://127.0.0.1:4010',
  read: value => {
    const url = parseUrl(value)
    if (url.protocol !== 'http:' && url.protocol !== 'https:') refuse('is not http or https')
    if (url.username !== '' || url.password !== '') refuse('holds a user or a password')
    if (url.pathname !== '/' || /[?#]/.test(value)) refuse('has a path, a query or a fragment')
    return url.origin
  }
}

/** An origin that others reach over a network, where plain http would show everything. */
export const publicOrigin: Kind<string> = {
  ...origin,
  expected: 'https://, host and port only; http:// on a loopback address only',
  read: value => {
    const read = origin.read(value)
    const { protocol, hostname } = new URL(read)
    return protocol === 'https:' || isLoopback(hostname) ? read : refuse('is plain http on an address that is not loopback')
  }
}

/** What proxy-addr takes; a bare number is refused, since there it counts hops and elsewhere in this table it means yes. */
export const trustedProxies: Kind<boolean | readonly string[]> = {
  name: 'yes, no or list',
  expected: 'true, false, or addresses and networks separated by commas (10.0.0.0/8, loopback, linklocal, uniquelocal)',
  read: value => value === 'true' ? true : value === 'false' ? false : list(proxy).read(value),
  show: value => String(value)
}

const proxy: Kind<string> = {
  name: 'network',
  expected: 'an address or network',
  read: value => {
    if (['loopback', 'linklocal', 'uniquelocal'].includes(value)) return value
    const [address, bits, ...more] = value.split('/')
    const version = isIP(address!)
    const good = version !== 0 && more.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128)))
    return good ? value : refuse('is not an address or a network')
  }
}

function showDuration (ms: number): string {
  const [unit, size] = Object.entries(units).findLast(([, size]) => ms % size === 0)!
  return `${ms / size}${unit}`
}

function isLoopback (hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}

function parseUrl (value: string): URL {
  return URL.parse(value) ?? refuse('is not a URL')
}

function within (value: number, min: number, max: number): number {
  return value < min ? refuse('is too small') : value > max ? refuse('is too large') : value
}

function refuse (why: string): never {
  throw new Refusal(why)
}
