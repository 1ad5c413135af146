import { readXml, type SatWorld, serveSimulator, type SimulatedAnswer, type SimulatedRequest, type Simulator, textAt } from '../../core/adapter/index.ts'

/**
 * The SAT's ConsultaCFDIService over the register that the PACs' simulators share. It knows the operation, checks the action
 * and the shape of the expression, and answers in the service's own envelope.
 */
export async function startSatStatusSimulator ({ world, port }: { world: SatWorld, port?: number }): Promise<Simulator> {
  return {
    ...await serveSimulator(request => answer(world, request), port === undefined ? {} : { port }),
    // Public: there is nobody to be, and nothing happens there.
    credentials: () => ({}),
    wrongCredentials: () => ({}),
    effects: () => ({ charges: 0, captures: 0, refunds: 0, cancellations: 0, stamps: 0 }),
    signedWebhook () {
      throw new Error('the SAT sends no webhooks')
    },
    deliver () {},
    settled: async () => {}
  }
}

function answer (world: SatWorld, { method, url, headers, body }: SimulatedRequest): SimulatedAnswer {
  if (url.pathname !== '/ConsultaCFDIService.svc') return { status: 404, body: 'Endpoint not found.' }
  if (method !== 'POST') return { status: 405, body: '' }
  if (!(headers['content-type'] ?? '').startsWith('text/xml')) return { status: 415, body: '' }
  if ((headers.soapaction ?? '').replaceAll('"', '') !== 'http://tempuri.org/IConsultaCFDIService/Consulta') return fault('a:ActionNotSupported', 'The message cannot be processed at the receiver, due to an AddressFilter mismatch.')
  let expression: string | undefined
  try {
    expression = textAt(readXml(body), 'Envelope', 'Body', 'Consulta', 'expresionImpresa')
  } catch {
    return fault('s:Client', 'The XML is not well formed.')
  }
  const query = Object.fromEntries((expression ?? '').replace(/^\?/, '').replaceAll('&amp;', '\u0000').split('&').map(part => part.replaceAll('\u0000', '&').split(/=(.*)/s).slice(0, 2) as [string, string]))
  const { re, rr, tt, id, fe } = query
  if (!expression?.startsWith('?') || [re, rr, tt, id].some(value => value === undefined || value === '') || !/^\d+(\.\d{1,6})?$/.test(tt!)) {
    return told({ CodigoEstatus: 'N - 601: La expresión impresa proporcionada no es válida.', Estado: 'No Encontrado', EsCancelable: '', EstatusCancelacion: '', ValidacionEFOS: '' })
  }
  return told(world.status({ re: re!, rr: rr!, tt: tt!, id: id!, ...(fe !== undefined && { fe }) }))
}

const told = (status: object): SimulatedAnswer => envelope(200, `<ConsultaResponse xmlns="http://tempuri.org/"><ConsultaResult xmlns:a="http://schemas.datacontract.org/2004/07/Sat.Cfdi.Negocio.ConsultaCfdi.Servicio" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">${
  Object.entries(status).map(([name, value]) => `<a:${name}>${value}</a:${name}>`).join('')}</ConsultaResult></ConsultaResponse>`)

const fault = (code: string, text: string): SimulatedAnswer => envelope(500, `<s:Fault><faultcode>${code}</faultcode><faultstring xml:lang="es-MX">${text}</faultstring></s:Fault>`)

const envelope = (status: number, body: string): SimulatedAnswer => ({
  status, headers: { 'content-type': 'text/xml; charset=utf-8' }, body: `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>${body}</s:Body></s:Envelope>`
})
