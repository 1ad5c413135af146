import { type ConnectionContext, type ConnectionTest, defineAdapter, type FindRecordsInput, type FoundRecord, type RecordsAnswer, soapCall, type SubmitRecordsInput, type XmlNode } from '../../core/adapter/index.ts'
import { manifest } from './config.ts'
import { answerOf, faultOf, foundIn, namespaces, type Page, questionOf, questionsOf, type Representative, representativeOf, submissionOf } from './wire.ts'

/** Mutual TLS with the representative's certificate, where there is one, and else with what the hub lends: the issuer's own. */
async function call (context: ConnectionContext, representative: Representative | undefined, body: string): Promise<XmlNode> {
  const identity = representative && { certificate: representative.certificate, key: representative.key }
  return await soapCall({ ...context, http: async request => await context.http({ ...request, ...(identity !== undefined && { identity }) }) }, {
    url: `${context.origin(context.settings.seal_certificate === true ? 'seal' : 'api')}/wlpl/TIKE-CONT/ws/SistemaFacturacion/VerifactuSOAP`,
    action: '', namespaces, body, maxBytes: 64 * 1024 * 1024, faultOf
  })
}

async function submit (context: ConnectionContext, input: SubmitRecordsInput): Promise<RecordsAnswer> {
  const representative = representativeOf(context)
  return answerOf(await call(context, representative, submissionOf(input, representative)), input.records)
}

/** A few are asked for one by one; more by the days on which they were issued, page after page (10,000 each). */
async function find (context: ConnectionContext, input: FindRecordsInput): Promise<FoundRecord[]> {
  const representative = representativeOf(context)
  const represented = representative !== undefined && representative.nif !== input.issuer.taxId
  const wanted = new Set(input.records.map(({ number, date }) => `${number}|${date}`))
  const found: FoundRecord[] = []
  const ask = async (question: ReturnType<typeof questionsOf>[number], number?: string): Promise<void> => {
    let after: Page | undefined
    // Bounded: a page that leads to itself would have no end.
    for (let page = 0; page < 1000; page++) {
      const { records, next } = foundIn(await call(context, representative, questionOf(input.issuer, question, { represented, ...(number !== undefined && { number }), ...(after !== undefined && { after }) })))
      found.push(...records.filter(one => wanted.has(`${one.number}|${one.date}`)))
      if (next === undefined || (next.number === after?.number && next.date === after.date)) return
      after = next
    }
  }
  if (input.records.length <= oneByOne) for (const record of input.records) await ask(questionsOf({ ...input, records: [record] })[0]!, record.number)
  else for (const question of questionsOf(input)) await ask(question)
  return found
}

const oneByOne = 3

/** Asks for the representative's own records of this month. Where each issuer submits by itself there is nobody to be yet: its first sending proves it. */
async function test (context: ConnectionContext): Promise<ConnectionTest> {
  const representative = representativeOf(context)
  if (representative === undefined) {
    return { account: { id: 'verifactu', country: 'ES', name: 'VERI*FACTU' }, mode: context.mode, evidence: [{ es: 'Cada emisor envía con su propio certificado: su primer envío lo prueba. No hay representante.', en: 'Each issuer submits with its own certificate: its first sending proves it. There is no representative.' }] }
  }
  const [year, month] = context.now().toISOString().split('-') as [string, string]
  const issuer = { name: representative.name, taxId: representative.nif }
  foundIn(await call(context, representative, questionOf(issuer, { year, month, from: `01-${month}-${year}`, to: `28-${month}-${year}` }, { represented: false })))
  return {
    account: { id: representative.nif, country: 'ES', name: representative.name },
    mode: context.mode,
    evidence: [{ es: `La AEAT reconoció el certificado de ${representative.name} (${representative.nif}) en ${context.mode === 'test' ? 'pruebas' : 'producción'}.`, en: `The AEAT recognised the certificate of ${representative.name} (${representative.nif}) in its ${context.mode === 'test' ? 'test' : 'live'} environment.` }]
  }
}

/** No secret is ever in a message: who calls is told by TLS. A PEM that somebody echoes is taken out all the same. */
function scrub (transcript: string, { representative_pem: pem = '' }: Readonly<Record<string, string>>): string {
  return pem.length < 100 ? transcript : transcript.replaceAll(pem, '[redacted]')
}

/** The AEAT's service for records of invoices (SOAP over mutual TLS). What is uncertain is in QUIRKS.md. */
export default defineAdapter({ manifest, detectMode: () => undefined, test, records: { submit, find }, webhooks: 'provider-has-none', scrub })
