import { createHash } from 'node:crypto'
import { invalid, StripeError } from './errors.ts'
import { emptyBooks, type Account, type Books, type World } from './world.ts'

/** What a key opens. */
export interface Access {
  books: Books
  /** The account of the key itself, when it acts for a connected one. */
  platform: string
  /** A restricted key whose name says `readonly`. */
  readOnly: boolean
  /** The key of a payer's browser. */
  publishable: boolean
  masked: string
  /** Stands for the key in the log of requests. */
  hash: string
}

const keyShape = /^(sk|rk|pk)_(test|live)_([A-Za-z0-9_]{10,})$/

/**
 * Keys open accounts. Without a list, every well-formed key opens its own, always the same one; the test, live and restricted keys that
 * end alike open the same account. A key that says `invalid`, `wrong` or `revoked` is refused, one that says `expired` has expired.
 * Sentences: https://docs.stripe.com/error-codes and answers quoted in public issues, read 2026-11.
 */
export class Keys {
  readonly #world: World
  readonly #listed: Set<string> | undefined
  readonly #known = new Map<string, Access>()

  constructor (world: World, listed: string[] | undefined) {
    this.#world = world
    this.#listed = listed === undefined ? undefined : new Set(listed)
  }

  /** `account`: the header `Stripe-Account`, for a platform that acts for one of its connected accounts. */
  open (authorization: string | undefined, account: string | undefined): Access {
    const access = this.#ofKey(keyIn(authorization))
    if (account === undefined || account === access.platform) return access
    const connected = this.#world.accounts.get(account)
    if (connected?.platforms.includes(access.platform) !== true) throw noAccess(access, account)
    return { ...access, books: access.books.livemode ? connected.live : connected.test }
  }

  #ofKey (key: string | undefined): Access {
    if (key === undefined) {
      throw new StripeError(401, {
        type: 'invalid_request_error', message: "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). " +
        'See https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/.'
      }, { 'www-authenticate': 'Bearer realm="Stripe"' })
    }
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const access = this.#judge(key)
    this.#known.set(key, access)
    return access
  }

  #judge (key: string): Access {
    const match = keyShape.exec(key)
    if (match !== null && key.includes('expired')) throw invalid(`Expired API Key provided: ${mask(key)}`, { code: 'api_key_expired' }, 401)
    if (match === null || /invalid|wrong|revoked/.test(key) || this.#listed?.has(key.replace(/^pk/, 'sk')) === false) throw invalid(`Invalid API Key provided: ${mask(key)}`, {}, 401)
    const [, kind, mode, end] = match as unknown as [string, string, string, string]
    const account = accountOf(this.#world, end.replace(/readonly_?/, ''))
    return {
      platform: account.id,
      publishable: kind === 'pk',
      books: mode === 'live' ? account.live : account.test,
      readOnly: kind === 'rk' && key.includes('readonly'),
      masked: mask(key),
      hash: createHash('sha256').update(key).digest('hex').slice(0, 12)
    }
  }
}

/** Opens an account that belongs to a platform; also one that has a key of its own already. */
export function connectAccount (world: World, platform: string, name: string, country = world.country): Account {
  const account = accountOf(world, name, country)
  if (!account.platforms.includes(platform)) account.platforms.push(platform)
  return account
}

export function accountOf (world: World, name: string, country = world.country): Account {
  const id = `acct_1${createHash('sha256').update(name).digest('base64url').replaceAll(/[-_]/g, 'x').slice(0, 15)}`
  const known = world.accounts.get(id)
  if (known !== undefined) return known
  const account: Account = { id, created: world.now(), country, platforms: [], test: emptyBooks(id, false), live: emptyBooks(id, true) }
  world.accounts.set(id, account)
  return account
}

/** A publishable key reaches only what a payer's browser needs. */
export function secretKeyRequired (): StripeError {
  return invalid('This API call cannot be made with a publishable API key. Please use a secret API key. You can find a list of your API keys at https://dashboard.stripe.com/account/apikeys.', { code: 'secret_key_required' }, 401)
}

export function noAccess (access: { masked?: string }, account: string): StripeError {
  return invalid(`The provided key ${access.masked === undefined ? '' : `'${access.masked}' `}does not have access to account '${account}' (or that account does not exist). Application access may have been revoked.`, { code: 'account_invalid' }, 403)
}

export function forbidden (access: Access): StripeError {
  return invalid(`The provided key '${access.masked}' does not have the required permissions for this endpoint on account '${access.books.account}'. Having more permissions would allow this request to continue.`, {}, 403)
}

/** `Bearer <key>`, or Basic with the key as the user. */
function keyIn (authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined
  const space = authorization.indexOf(' ')
  const scheme = authorization.slice(0, space).toLowerCase()
  const rest = authorization.slice(space + 1).trim()
  if (rest === '') return undefined
  if (scheme === 'bearer') return rest
  if (scheme === 'basic') return Buffer.from(rest, 'base64').toString().split(':')[0] || undefined
  return undefined
}

function mask (key: string): string {
  const shown = /^[a-z]+_(test|live)_/.exec(key)?.[0] ?? ''
  return shown + '*'.repeat(Math.max(4, key.length - shown.length - 4)) + key.slice(-4)
}
