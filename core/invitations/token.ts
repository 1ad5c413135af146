import { createHash, randomBytes } from 'node:crypto'

/** What the link says: whose it is and 256 random bits. The tenant's id only says where to look; that it was we who made it is known by its hash, which is in that tenant's row. */
export function makeToken (tenantId: string): { token: string, hash: Buffer } {
  const token = Buffer.concat([Buffer.from(tenantId.replaceAll('-', ''), 'hex'), randomBytes(32)]).toString('base64url')
  return { token, hash: hashOf(token) }
}

export function readToken (token: string): { tenantId: string, hash: Buffer } {
  const hex = Buffer.from(token, 'base64url').toString('hex')
  return { tenantId: [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-'), hash: hashOf(token) }
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest()
