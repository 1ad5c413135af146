import fp from 'fastify-plugin'
import { HubError } from '../core/errors.ts'
import { findCardNumber, type FormatSchema } from '../core/pan.ts'

const message = { es: 'parece un número de tarjeta; envíe el token del proveedor', en: 'looks like a card number; send the provider’s token' }

/**
 * Refuses a request that carries a card number, before anything is validated, kept or repeated. What providers send to
 * /hooks is theirs and is not judged here: refused, it would be lost.
 */
export const cardNumbers = fp(async app => {
  app.addHook('preValidation', async request => {
    if (request.url.startsWith('/hooks/')) return
    const { body, query } = request
    const schema = request.routeOptions.schema?.body as FormatSchema | undefined
    const path = findCardNumber(body instanceof Uint8Array ? undefined : body, schema) ?? findCardNumber(query)
    if (path !== undefined) throw new HubError('card_number_refused', { errors: [{ path, message: message[request.language] }] })
  })
}, { name: 'pasarela-card-numbers', dependencies: ['pasarela-errors'] })
