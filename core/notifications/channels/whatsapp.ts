import { createHttpClient } from '../../adapter/http-client.ts'
import { type HttpResponse, textOf } from '../../adapter/http.ts'
import { asProviderError } from '../../adapter/problems.ts'
import type { Hub } from '../../hub.ts'
import { catalogue, type NoticeKind, type ValueName } from '../catalogue.ts'
import type { Channel, NoticeToSend, OpenChannel, SendResult } from './channel.ts'

export interface Template { name: string, languages: Partial<Record<'es' | 'en', string>>, parameters?: ValueName[] }
export interface WhatsappSettings { phone_number_id: string, graph_version?: string, country_code?: string, templates?: Partial<Record<NoticeKind, Template>> }

/**
 * WhatsApp Cloud API, templates only: we write first, so the 24-hour window of free text is never open.
 * Sources: developers.facebook.com/documentation/business-messaging/whatsapp (messages, templates, error codes of 2026-05-15),
 * read 2026-11-21. The API has no idempotency key, so a message whose answer was lost is never sent again by us.
 */
export const whatsapp: Channel = {
  type: 'whatsapp',
  guarantee: 'at_most_once',
  configuredFor: (_, row, kind) => row !== undefined && templateOf(row.settings as unknown as WhatsappSettings, kind) !== undefined,
  addressOf: ({ phone }, row) => phone === undefined ? undefined : digitsOf(phone, (row?.settings as unknown as WhatsappSettings | undefined)?.country_code),
  send: async (hub, channel, notice) => {
    const template = templateOf(channel.settings as WhatsappSettings, notice.kind)
    // Taken out of the channel since it was queued.
    if (template === undefined) return { outcome: 'refused', code: 'template_missing' }
    const answered = await ask(hub, channel, 'POST', 'messages', bodyOf(template, notice))
    return 'outcome' in answered ? answered : resultOf(answered)
  },
  test: async (hub, channel) => {
    const answered = await ask(hub, channel, 'GET', '?fields=id,display_phone_number,verified_name,quality_rating')
    if ('outcome' in answered) return { ok: false, evidence: [], ...(answered.code !== undefined && { code: answered.code }), ...(answered.said !== undefined && { said: answered.said }) }
    const body = jsonOf(answered) as { display_phone_number?: string, verified_name?: string, quality_rating?: string } | undefined
    if (answered.status !== 200 || body?.display_phone_number === undefined) {
      const { code = String(answered.status), said } = resultOf(answered)
      return { ok: false, evidence: [], code, ...(said !== undefined && { said }) }
    }
    const told = `${body.display_phone_number} (${body.verified_name ?? '?'}), ${body.quality_rating ?? '?'}`
    return { ok: true, evidence: [{ es: `Meta reconoce el número ${told}.`, en: `Meta knows the number ${told}.` }] }
  }
}

const templateOf = (settings: WhatsappSettings, kind: NoticeKind): Template | undefined => settings.templates?.[kind]

/** E.164 without the plus. A bare number of ten digits gets the channel's country code. */
export function digitsOf (phone: string, countryCode: string | undefined): string | undefined {
  const international = /^\s*(\+|00)/.test(phone)
  const digits = phone.replace(/\D/g, '').replace(international ? /^00/ : /^$/, '')
  const whole = international || digits.length > 10 ? digits : countryCode === undefined ? '' : `${countryCode}${digits}`
  return /^[1-9]\d{7,14}$/.test(whole) ? whole : undefined
}

function bodyOf (template: Template, { id, kind, content }: NoticeToSend): object {
  const { language } = content.letter
  const code = template.languages[language] ?? Object.values(template.languages)[0]
  const names = template.parameters ?? catalogue[kind].whatsapp
  return {
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    to: content.address,
    type: 'template',
    template: {
      name: template.name,
      language: { code, policy: 'deterministic' },
      ...(names.length > 0 && { components: [{ type: 'body', parameters: names.map(name => ({ type: 'text', text: content.values[name] ?? '-' })) }] })
    },
    // Comes back in the status webhooks.
    biz_opaque_callback_data: id
  }
}

async function ask (hub: Pick<Hub, 'config' | 'now'>, { settings, secrets }: OpenChannel, method: 'GET' | 'POST', path: string, body?: object): Promise<HttpResponse | SendResult> {
  const base = new URL(hub.config.whatsappUrl)
  const send = createHttpClient({ allowedOrigins: [base.origin], defaultTimeoutMs: hub.config.noticeTimeoutMs, now: hub.now })
  const { phone_number_id: number, graph_version: version = hub.config.whatsappGraphVersion } = settings as WhatsappSettings
  try {
    return await send({
      method,
      url: `${base.origin}/${version}/${encodeURIComponent(number)}${path.startsWith('?') ? path : `/${path}`}`,
      headers: { authorization: `Bearer ${secrets.access_token}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      maxBytes: 64 * 1024
    })
  } catch (thrown) {
    const { reached, code } = asProviderError(thrown)
    return reached === 'nowhere' ? { outcome: 'later', code: 'not_reached' } : { outcome: 'unknown', code }
  }
}

interface GraphError { code?: number, message?: string, error_data?: { details?: string } }

/** What Meta's answer means. An answer that cannot be read may hide a message that was sent. */
export function resultOf (response: HttpResponse): SendResult {
  const body = jsonOf(response) as { messages?: { id?: string }[], error?: GraphError } | undefined
  const reference = body?.messages?.[0]?.id
  if (response.status < 300) return reference === undefined ? { outcome: 'unknown', code: 'unreadable' } : { outcome: 'sent', reference }
  const { error } = body ?? {}
  if (error?.code === undefined) return response.status === 429 ? { outcome: 'later', code: '429' } : response.status < 500 ? { outcome: 'refused', code: String(response.status) } : { outcome: 'unknown', code: String(response.status) }
  return { ...meaningOf(error.code), code: String(error.code), said: [error.message, error.error_data?.details].filter(Boolean).join(': ').slice(0, 500) }
}

/** Meta says the message was not sent and to try again: limits (4, 80007, 130429, 131048, 131056), its own trouble (1, 2, 131000, 131016, 131057, 133004). */
const later = new Set([1, 2, 4, 80007, 130429, 131000, 131016, 131048, 131056, 131057, 133004])
/** Token or account: nothing goes out of this channel until the tenant mends it. 200 to 299 are permissions. */
const channelFaults = new Set([0, 10, 33, 190, 368, 131005, 131031, 131042, 131045, 133010])

/** By the code and never by the HTTP status, as Meta asks. What is not listed is about this message: its addressee (131026, 131047 …), its template (132000 to 132016), its shape (100, 131008, 131009). */
export function meaningOf (code: number): Pick<SendResult, 'outcome' | 'channelFault'> {
  if (later.has(code)) return { outcome: 'later' }
  if (channelFaults.has(code) || (code >= 200 && code <= 299)) return { outcome: 'later', channelFault: true }
  return { outcome: 'refused' }
}

function jsonOf (response: HttpResponse): unknown {
  try {
    const body: unknown = JSON.parse(textOf(response))
    return typeof body === 'object' && body !== null ? body : undefined
  } catch {
    return undefined
  }
}
