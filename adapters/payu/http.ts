import { asProviderError, type ConnectionContext, errorOfStatus, jsonOf, ProviderError } from '../../core/adapter/index.ts'
import { problemOfSentence } from './errors.ts'
import type { Envelope } from './objects.ts'

const paths = { payments: '/payments-api/4.0/service.cgi', reports: '/reports-api/4.0/service.cgi' } as const

/**
 * One command. There is one address for all that changes something and one for queries; the credentials are in the body, and an
 * error is HTTP 200 with `code: ERROR`. No key against repetitions is known, so none is sent: whoever repeats asks first.
 * Throws ProviderError only. Source: facts section 4.1, read 2026-11-21.
 */
export async function command (context: ConnectionContext, api: keyof typeof paths, name: string, body: object = {}): Promise<Envelope> {
  const { api_login: apiLogin, api_key: apiKey } = context.credentials
  if (!apiLogin || !apiKey) throw new ProviderError({ code: 'invalid_credentials', reached: 'nowhere', param: apiLogin ? 'api_key' : 'api_login' })
  try {
    const response = await context.http({
      method: 'POST',
      url: context.origin() + paths[api],
      headers: { accept: 'application/json', 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify({ language: context.settings.language === 'en' ? 'en' : 'es', command: name, merchant: { apiKey, apiLogin }, test: isTest(context), ...body })
    })
    const error = errorOfStatus(response, context.now())
    if (error !== undefined) throw error
    const answer = response.status < 300 ? jsonOf(response) : undefined
    if (typeof answer !== 'object' || answer === null || !('code' in answer)) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', httpStatus: response.status })
    const envelope = answer as Envelope
    if (envelope.code === 'SUCCESS') return envelope
    if (envelope.code !== 'ERROR') throw new ProviderError({ code: 'unknown', reached: 'unknown', providerCode: String(envelope.code) })
    const sentence = typeof envelope.error === 'string' ? envelope.error.slice(0, 300) : ''
    throw new ProviderError({ code: problemOfSentence(sentence), reached: 'answered', providerCode: 'ERROR', providerMessage: sentence, httpStatus: response.status })
  } catch (thrown) {
    throw asProviderError(thrown)
  }
}

/** The flag of a rehearsal is apart from the host; nothing of a live connection is one. */
export const isTest = ({ mode, settings }: Pick<ConnectionContext, 'mode' | 'settings'>): boolean => mode === 'test' && settings.test_flag === true
