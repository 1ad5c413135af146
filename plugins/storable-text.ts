import fp from 'fastify-plugin'
import { HubError } from '../core/errors.ts'

const message = { es: 'contiene un carácter que no se puede guardar (NUL o medio carácter)', en: 'contains a character that cannot be kept (NUL or half a character)' }

/**
 * PostgreSQL keeps no NUL, and a lone surrogate is no character: whoever sends one is told which field, instead of meeting
 * it later as a failure of ours. Webhooks are bytes and not looked at.
 */
export const storableText = fp(async app => {
  app.addHook('preValidation', async request => {
    if (request.url.startsWith('/hooks/')) return
    const { body, query, params } = request
    const path = (body instanceof Uint8Array ? undefined : findUnstorable(body, '')) ?? findUnstorable(query, '') ?? findUnstorable(params, '')
    if (path !== undefined) throw new HubError('request_invalid', { errors: [{ path, message: message[request.language] }] })
  })
}, { name: 'pasarela-storable-text', dependencies: ['pasarela-errors'] })

/** The path of the first text that PostgreSQL would refuse; a name of a field counts as its parent's text. */
function findUnstorable (value: unknown, path: string): string | undefined {
  if (typeof value === 'string') return isStorable(value) ? undefined : path
  if (typeof value !== 'object' || value === null) return undefined
  const isList = Array.isArray(value)
  for (const [name, inner] of Object.entries(value)) {
    if (!isStorable(name)) return path
    const found = findUnstorable(inner, isList ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`)
    if (found !== undefined) return found
  }
  return undefined
}

const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed()
