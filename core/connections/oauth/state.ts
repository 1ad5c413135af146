import { createHash, randomBytes } from 'node:crypto'

/**
 * What goes to the provider and comes back: whose it is and 256 random bits. The tenant's id only says where to look; that it was we who
 * made it is known by its hash, which is in that tenant's row.
 */
export function makeState (tenantId: string): { state: string, hash: Buffer } {
  const state = Buffer.concat([Buffer.from(tenantId.replaceAll('-', ''), 'hex'), randomBytes(32)]).toString('base64url')
  return { state, hash: sha256(state) }
}

/** Undefined: nothing of ours looks like that. */
export function readState (state: string): { tenantId: string, hash: Buffer } | undefined {
  if (!/^[\w-]{64}$/.test(state)) return undefined
  const hex = Buffer.from(state, 'base64url').toString('hex')
  return { tenantId: [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-'), hash: sha256(state) }
}

/** RFC 7636: 43 characters, and their SHA-256. */
export function makeVerifier (): string {
  return randomBytes(32).toString('base64url')
}

export const challengeOf = (verifier: string): string => sha256(verifier).toString('base64url')

/** What the one browser that went on keeps. */
export const makeBrowserSecret = (): string => randomBytes(32).toString('base64url')
export const looksLikeBrowserSecret = (text: string | undefined): text is string => text !== undefined && /^[\w-]{43}$/.test(text)

export const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()
