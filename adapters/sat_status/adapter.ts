import { type ConnectionContext, type ConnectionTest, defineAdapter, type DocumentInRegister, type DocumentSnapshot, escapeXml, ProviderError, soapCall, statusInRegister, textAt } from '../../core/adapter/index.ts'
import { manifest } from './config.ts'

interface Answer {
  CodigoEstatus: string
  Estado: string
  EsCancelable: string
  EstatusCancelacion: string
}

/** ConsultaCFDIService (SOAP 1.1). Source: https://github.com/phpcfdi/sat-estado-cfdi, read 2026-11-20. */
async function ask (context: ConnectionContext, expression: string): Promise<Answer> {
  const answer = await soapCall(context, {
    url: `${context.origin()}/ConsultaCFDIService.svc`,
    action: 'http://tempuri.org/IConsultaCFDIService/Consulta',
    namespaces: { tem: 'http://tempuri.org/' },
    body: `<tem:Consulta><tem:expresionImpresa>${escapeXml(expression)}</tem:expresionImpresa></tem:Consulta>`
  })
  const told = (name: string): string => textAt(answer, 'ConsultaResponse', 'ConsultaResult', name) ?? ''
  const result = { CodigoEstatus: told('CodigoEstatus'), Estado: told('Estado'), EsCancelable: told('EsCancelable'), EstatusCancelacion: told('EstatusCancelacion') }
  if (result.CodigoEstatus === '') throw new ProviderError({ code: 'timeout_unknown', reached: 'unknown' })
  return result
}

/** What a printed CFDI's QR says, as the service takes it: `&` of an RFC written `&amp;`, the total without needless zeros. */
export function expressionOf ({ issuerTaxId, customerTaxId, total, fiscalId, sealTail }: DocumentInRegister): string {
  const rfc = (text: string) => text.replaceAll('&', '&amp;')
  return `?re=${rfc(issuerTaxId)}&rr=${rfc(customerTaxId)}&tt=${shortest(total)}&id=${fiscalId}${sealTail === undefined ? '' : `&fe=${sealTail}`}`
}

/** `1160.00` → `1160.0`: at least one decimal, at most six. */
function shortest (total: string): string {
  const [whole = '0', decimals = ''] = total.split('.')
  return `${whole}.${decimals.replace(/0+$/, '').padEnd(1, '0')}`
}

async function look (context: ConnectionContext, document: DocumentInRegister): Promise<DocumentSnapshot> {
  const answer = await ask(context, expressionOf(document))
  if (answer.Estado === 'No Encontrado' || answer.CodigoEstatus.startsWith('N')) {
    // Minutes to hours after stamping a document may not be there yet.
    throw new ProviderError({ code: 'not_found', reached: 'answered', providerCode: answer.CodigoEstatus, providerMessage: answer.Estado })
  }
  const messages = [answer.CodigoEstatus, answer.EsCancelable, answer.EstatusCancelacion].filter(text => text !== '').map(message => ({ code: answer.Estado, message }))
  return { providerReference: document.fiscalId, fiscalId: document.fiscalId.toUpperCase(), status: statusInRegister(answer), providerStatus: [answer.Estado, answer.EstatusCancelacion].filter(text => text !== '').join(': '), messages }
}

/** A document that cannot be: the service is there when it answers that it does not know it. */
async function test (context: ConnectionContext): Promise<ConnectionTest> {
  const { CodigoEstatus } = await ask(context, expressionOf({ issuerTaxId: 'XAXX010101000', customerTaxId: 'XAXX010101000', total: '1.00', fiscalId: '00000000-0000-0000-0000-000000000000', sealTail: '00000000' }))
  return {
    account: { id: 'sat', country: 'MX', name: 'SAT' },
    mode: context.mode,
    evidence: [{ es: `El servicio del SAT contestó: ${CodigoEstatus}`, en: `The SAT’s service answered: ${CodigoEstatus}` }]
  }
}

/** The tax authority's register of CFDI: public, and the referee of what became of a document. What is uncertain is in QUIRKS.md. */
export default defineAdapter({ manifest, detectMode: () => undefined, test, register: { look }, webhooks: 'provider-has-none', scrub: transcript => transcript })
