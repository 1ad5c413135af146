import { type CancelDocumentInput, type ConnectionContext, type ConnectionTest, defineAdapter, type DocumentSnapshot, type DocumentStatus, type IssueInput, ProviderError } from '../../core/adapter/index.ts'
import { manifest } from './config.ts'
import { call, type Integrator, integratorOf, messagesOf, outlineOf, stateAt, textIn } from './wire.ts'

/** Before the reference of a document that never went to FACe. */
const local = 'local:'

/**
 * A document for a public body is registered at FACe; the registry number is its fiscal id. One for anybody else is issued by being
 * signed: nothing is sent, and its batch identifier is what it is known by.
 */
async function issue (context: ConnectionContext, { sealed, reference }: IssueInput): Promise<DocumentSnapshot> {
  if (sealed === undefined) throw new ProviderError({ code: 'unsupported', reached: 'nowhere' })
  const { batch, number, series, isPublic } = outlineOf(sealed)
  if (!isPublic) return { providerReference: `${local}${batch}`, reference, fiscalId: batch, status: 'issued', providerStatus: 'signed', document: sealed, messages: [] }
  const { response, json } = await call(context, neededOf(context), 'POST', '/v1/invoices', {
    filename: `${series}${number}`.replace(/[^\w.-]/g, '_') + '.xsig',
    content: Buffer.from(sealed).toString('base64'),
    email: textIn(context.settings.email),
    attachments: []
  })
  if (response.status >= 400) {
    const messages = messagesOf(json)
    return { providerReference: '', reference, status: 'rejected', providerStatus: messages[0]?.code ?? String(response.status), messages: messages.length > 0 ? messages : [{ code: String(response.status), message: '' }] }
  }
  const registryCode = textIn(json.registryCode)
  // It may have registered it: never taken for a refusal.
  if (registryCode === '') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', httpStatus: response.status })
  return { ...snapshotOf(registryCode, json), reference, status: 'issued', document: sealed }
}

function neededOf (context: ConnectionContext): Integrator {
  const integrator = integratorOf(context)
  if (integrator === undefined) throw new ProviderError({ code: 'invalid_credentials', reached: 'nowhere', providerMessage: 'nobody is registered at FACe: neither the operator (PASARELA_OPERATOR_FILE_FACTURAE) nor this connection has a certificate' })
  return integrator
}

/** FACe tells states, not documents: where the registry number is known, the document is the one that was sent. */
async function get (context: ConnectionContext, providerReference: string, sent?: { sealed: Uint8Array }): Promise<DocumentSnapshot> {
  if (providerReference.startsWith(local)) return { providerReference, fiscalId: providerReference.slice(local.length), status: 'issued', providerStatus: 'signed', messages: [] }
  const { response, json } = await call(context, neededOf(context), 'GET', `/v1/invoices/${encodeURIComponent(providerReference)}`)
  if (response.status >= 400) {
    const [first] = messagesOf(json)
    throw new ProviderError({ code: 'not_found', reached: 'answered', httpStatus: response.status, providerCode: first?.code ?? String(response.status), providerMessage: first?.message ?? '' })
  }
  if (textIn(json.registryCode) !== providerReference) throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown', httpStatus: response.status })
  return { ...snapshotOf(providerReference, json), ...(sent !== undefined && { document: sent.sealed }) }
}

/** 4100 not asked for, 4200 asked for, 4300 accepted, 4400 refused. */
const cancellations: Readonly<Record<string, DocumentStatus>> = { 4200: 'cancel_pending_acceptance', 4300: 'canceled', 4400: 'cancel_rejected' }

/** An invoice is handled (1200 … 2600) and cancelled (4100 … 4400) side by side; 3100 is the end of both. */
function snapshotOf (registryCode: string, json: Record<string, unknown>): DocumentSnapshot {
  const [handling, cancellation] = [stateAt(json, 'status'), stateAt(json, 'cancellation')]
  return {
    providerReference: registryCode,
    fiscalId: registryCode,
    status: handling.code === '3100' ? 'canceled' : cancellations[cancellation.code] ?? 'issued',
    providerStatus: handling.code === '' ? '1200' : handling.code,
    messages: [handling, cancellation].filter(({ code }) => code !== '' && code !== '4100').map(({ code, text }) => ({ code, message: text })),
    // 2600: the body that it was for sent it back. The document stands; it has to be corrected.
    ...(handling.code !== '' && { handling: { code: handling.code, text: handling.text, refused: handling.code === '2600' } })
  }
}

const motives: Readonly<Record<string, string>> = { error: 'Factura emitida con errores', duplicate: 'Factura duplicada', withdrawn: 'La operación no se realizó' }

/** FACe asks the public body, which accepts or refuses. */
async function cancel (context: ConnectionContext, { providerReference, fiscalId, reference, motive }: CancelDocumentInput): Promise<DocumentSnapshot> {
  if (providerReference.startsWith(local)) {
    return { providerReference, reference, fiscalId, status: 'cancel_rejected', providerStatus: 'signed', messages: [{ code: 'not_registered', message: 'No se registró en FACe: una factura expedida se corrige con una rectificativa (nota de crédito).' }] }
  }
  const { response, json } = await call(context, neededOf(context), 'POST', `/v1/invoices/${encodeURIComponent(providerReference)}/cancellation-requests`, { comment: motives[motive] ?? motive })
  if (response.status >= 400) {
    const [first] = messagesOf(json)
    throw new ProviderError({ code: 'invalid_state', reached: 'answered', httpStatus: response.status, providerCode: first?.code ?? String(response.status), providerMessage: first?.message ?? '' })
  }
  return { providerReference, reference, fiscalId, status: 'cancel_pending_acceptance', providerStatus: stateAt(json, 'cancellation').code || '4200', messages: [] }
}

/** The catalogue of states: read by whoever is registered, and by nobody else. */
async function test (context: ConnectionContext): Promise<ConnectionTest> {
  const integrator = integratorOf(context)
  if (integrator === undefined) {
    return { account: { id: 'facturae', country: 'ES', name: 'Facturae' }, mode: context.mode, evidence: [{ es: 'Las facturas a clientes privados se firman y se entregan aquí. No hay certificado de integrador: a FACe no se puede enviar.', en: 'Invoices to private customers are signed and delivered here. There is no integrator certificate: nothing can be sent to FACe.' }] }
  }
  await call(context, integrator, 'GET', '/v1/invoices-status-list')
  const name = /^CN=(.*)$/m.exec(integrator.certificate.subject)?.[1] ?? integrator.certificate.serialNumber
  return {
    account: { id: integrator.certificate.serialNumber, country: 'ES', name },
    mode: context.mode,
    evidence: [{ es: `FACe reconoció al integrador ${name} en ${context.mode === 'test' ? 'pruebas' : 'producción'}.`, en: `FACe recognised the integrator ${name} in its ${context.mode === 'test' ? 'test' : 'live'} environment.` }]
  }
}

/** Tokens are good for minutes, and hold the certificate; the private key is never sent. */
function scrub (transcript: string, { integrator_pem: pem = '' }: Readonly<Record<string, string>>): string {
  const without = transcript.replace(/Bearer [\w-]+\.[\w-]+\.[\w-]+/g, 'Bearer [redacted]')
  return pem.length < 100 ? without : without.replaceAll(pem, '[redacted]')
}

/** Facturae signed by the hub with the tenant's certificate; to public bodies through FACe's REST interface. What is uncertain is in QUIRKS.md. */
export default defineAdapter({ manifest, detectMode: () => undefined, test, invoicing: { seals: 'hub', issue, get, cancel, getCancellation: async (context, providerReference) => await get(context, providerReference) }, webhooks: 'provider-has-none', scrub })
