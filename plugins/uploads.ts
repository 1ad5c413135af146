import multipart from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { HubError } from '../core/errors.ts'
import { cardNumbers } from './card-numbers.ts'
import { storableText } from './storable-text.ts'

export interface UploadsOptions {
  /** Of one file. */
  maxFileBytes: number
  maxFiles: number
}

/**
 * Forms with files, for the routes of the scope that it is registered in: a form becomes the object that the same request
 * would send as JSON, each file its bytes in Base64. So one schema judges both, and of an Idempotency-Key the parts are
 * compared and not the boundary between them. What looks at every body looks at this one too, once it is there.
 */
export const uploads = fp<UploadsOptions>(async (app, { maxFileBytes, maxFiles }) => {
  await app.register(multipart, { limits: { fileSize: maxFileBytes, files: maxFiles, fields: 20, parts: maxFiles + 20, fieldSize: 4096, fieldNameSize: 100, headerPairs: 100 } })
  app.addHook('preValidation', async request => {
    if (request.isMultipart()) request.body = await readForm(request)
  })
  await app.register(cardNumbers)
  await app.register(storableText)
}, { name: 'pasarela-uploads', dependencies: ['pasarela-errors'] })

async function readForm (request: FastifyRequest): Promise<Record<string, unknown>> {
  const body = new Map<string, unknown>()
  try {
    for await (const part of request.parts()) {
      if (body.has(part.fieldname)) throw new HubError('request_invalid', { errors: [{ path: part.fieldname, message: { es: 'está dos veces en el formulario', en: 'is in the form twice' } }] })
      if (part.type === 'file') {
        body.set(part.fieldname, (await part.toBuffer()).toString('base64'))
      } else {
        if (part.valueTruncated || part.fieldnameTruncated) throw new HubError('request_invalid', { errors: [{ path: part.fieldname, message: { es: 'es demasiado largo', en: 'is too long' } }] })
        body.set(part.fieldname, part.value)
      }
    }
  } catch (error) {
    // Its own errors are told by their code; those of the parser below it have none.
    if (error instanceof HubError || String((error as { code?: unknown }).code).startsWith('FST_')) throw error
    throw new HubError('request_invalid', { detail: { es: 'El formulario (multipart/form-data) no se puede leer.', en: 'The form (multipart/form-data) cannot be read.' }, cause: error })
  }
  return Object.fromEntries(body)
}
