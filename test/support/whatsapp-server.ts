/**
 * The WhatsApp Cloud API on loopback, from Meta's documentation and not from our channel: messages by template, the number's own
 * fields, and its errors. Sources: developers.facebook.com/documentation/business-messaging/whatsapp (reference of messages, of
 * phone numbers, of error codes as of 2026-05-15), read 2026-11-21. It refuses what Meta would refuse.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { serveSimulator, type SimulatedAnswer, type SimulatedRequest, type SimulatorServer } from '../../core/adapter/simulator-server.ts'
import type { Teardown } from './database.ts'

/** HTTP status and words of the codes that are given, as the page of error codes has them. */
const errors: Readonly<Record<number, [status: number, message: string, details: string]>> = {
  2: [503, '(#2) Service temporarily unavailable', 'Temporary due to downtime or due to being overloaded.'],
  10: [403, '(#10) Application does not have permission for this action', 'Permission is either not granted or has been removed.'],
  33: [400, '(#33) Unsupported request', 'The business phone number has been deleted.'],
  100: [400, '(#100) Invalid parameter', 'The request included one or more unsupported or misspelled parameters.'],
  190: [401, 'Error validating access token: Session has expired.', 'Your access token has expired.'],
  80007: [400, '(#80007) Rate limit issues', 'The WhatsApp Business Account has reached its rate limit.'],
  130429: [429, '(#130429) Rate limit hit', 'Cloud API message throughput has been reached.'],
  131000: [500, '(#131000) Something went wrong', 'Message failed to send due to an unknown error.'],
  131008: [400, '(#131008) Required parameter is missing', 'The request is missing a required parameter.'],
  131026: [400, '(#131026) Message undeliverable', 'Unable to deliver message.'],
  131047: [400, '(#131047) Re-engagement message', 'More than 24 hours have passed since the recipient last replied to the sender number.'],
  131056: [400, '(#131056) (Business Account, Consumer Account) pair rate limit hit', 'Too many messages sent from the sender phone number to the same recipient phone number.'],
  132000: [400, '(#132000) Number of parameters does not match the expected number of params', 'body: number of localizable_params does not match the expected number of params'],
  132001: [404, '(#132001) Template name does not exist in the translation', 'template name does not exist in the language']
}

export interface SentMessage { id: string, to: string, template: string, language: string, parameters: string[], opaque: string | undefined, version: string }

export interface WhatsappServer extends SimulatorServer {
  token: string
  phoneNumberId: string
  /** Templates that were approved: name → language → how many parameters. */
  templates: Map<string, Record<string, number>>
  sent: SentMessage[]
  /** Requests for a message, whatever became of them. */
  asked: number
  /** What the next requests are answered with, once each. */
  refuse: (...codes: number[]) => void
  appSecret: string
  /** A status webhook as Meta signs and sends it. */
  status: (url: string, statuses: object[], options?: { secret?: string, phoneNumberId?: string }) => Promise<number>
  /** What a number is answered with. */
  recipient: (to: string) => number | undefined
}

export async function whatsappServer (t: Teardown): Promise<WhatsappServer> {
  const refusals: number[] = []
  const made = { token: `EAA${randomBytes(24).toString('hex')}`, phoneNumberId: '106540352242922', templates: new Map(), sent: [], asked: 0, appSecret: randomBytes(16).toString('hex'), recipient: () => undefined, refuse: (...codes: number[]) => { refusals.push(...codes) } } as unknown as WhatsappServer

  const answer = ({ method, url, headers, body }: SimulatedRequest): SimulatedAnswer => {
    const [, version = '', number = '', what] = url.pathname.split('/')
    if (!/^v\d+\.\d$/.test(version)) return failed(2500, 400, 'Unknown path components')
    if (headers.authorization !== `Bearer ${made.token}`) return refusal(190)
    if (number !== made.phoneNumberId) return refusal(33)
    if (method === 'GET' && what === undefined) return json(200, { id: number, display_phone_number: '+52 55 5555 0100', verified_name: 'Kemper', quality_rating: 'GREEN' })
    if (method !== 'POST' || what !== 'messages') return failed(2500, 400, 'Unknown path components')
    made.asked++
    const forced = refusals.shift()
    if (forced !== undefined) return refusal(forced)
    return message(version, body, headers['content-type'])
  }

  function message (version: string, text: string, type: string | undefined): SimulatedAnswer {
    if (!type?.startsWith('application/json')) return refusal(100)
    const body = JSON.parse(text)
    if (body.messaging_product !== 'whatsapp') return refusal(100)
    if (typeof body.to !== 'string' || body.to === '') return refusal(131008)
    if (!/^\+?[1-9]\d{7,14}$/.test(body.to)) return refusal(100)
    // Nobody here has written to the business within 24 hours.
    if (body.type !== 'template') return refusal(131047)
    const { name, language, components = [] } = body.template ?? {}
    const languages = made.templates.get(name)
    const expected = languages?.[language?.code]
    if (language?.policy !== undefined && language.policy !== 'deterministic') return refusal(100)
    if (expected === undefined) return refusal(132001)
    const parameters = (components as any[]).filter(({ type }) => type === 'body').flatMap(({ parameters }) => parameters as { type: string, text: string }[])
    if (parameters.length !== expected) return refusal(132000)
    // A parameter is one line of something (error 132018 and 100 of the templates' reference).
    if (parameters.some(({ type, text }) => type !== 'text' || text === '' || /[\n\t]| {5,}/.test(text) || text.length > 1024)) return refusal(100)
    if (body.biz_opaque_callback_data !== undefined && body.biz_opaque_callback_data.length > 512) return refusal(100)
    const to = body.to.replace('+', '')
    const refused = made.recipient(to)
    if (refused !== undefined) return refusal(refused)
    const id = `wamid.${randomBytes(24).toString('base64')}`
    made.sent.push({ id, to, template: name, language: language.code, parameters: parameters.map(({ text }) => text), opaque: body.biz_opaque_callback_data, version })
    return json(200, { messaging_product: 'whatsapp', contacts: [{ input: body.to, wa_id: to }], messages: [{ id, message_status: 'accepted' }] })
  }

  made.status = async (url, statuses, { secret = made.appSecret, phoneNumberId = made.phoneNumberId } = {}) => {
    const value = { messaging_product: 'whatsapp', metadata: { display_phone_number: '525555550100', phone_number_id: phoneNumberId }, statuses: statuses.map(status => ({ timestamp: String(Math.floor(Date.now() / 1000)), recipient_id: '525512345678', ...status })) }
    const body = JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: '102290129340398', changes: [{ value, field: 'messages' }] }] })
    const signature = createHmac('sha256', secret).update(body).digest('hex')
    return (await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` }, body })).status
  }
  const server = await serveSimulator(answer)
  t.teardown(async () => { await server.close() })
  return Object.assign(made, server)
}

const json = (status: number, body: object): SimulatedAnswer => ({ status, headers: { 'content-type': 'application/json; charset=UTF-8' }, body: JSON.stringify(body) })

const failed = (code: number, status: number, message: string, details?: string): SimulatedAnswer =>
  json(status, { error: { message, type: 'OAuthException', code, ...(details !== undefined && { error_data: { messaging_product: 'whatsapp', details } }), fbtrace_id: randomBytes(8).toString('base64url') } })

function refusal (code: number): SimulatedAnswer {
  const [status, message, details] = errors[code] ?? [400, `(#${code})`, 'not in the table of this twin']
  return failed(code, status, message, details)
}
