import t from 'tap'
import { createSriWorld, signedComprobante } from '../../test/support/ecuador.ts'
import { startSriSimulator } from './simulator.ts'

const soap = (namespace: string, content: string): string => `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ec="${namespace}"><soapenv:Body>${content}</soapenv:Body></soapenv:Envelope>`
const reception = 'http://ec.gob.sri.ws.recepcion'

t.test('it refuses what the SRI refuses', async t => {
  let at = new Date()
  const world = createSriWorld({ now: () => at })
  const { url, close } = await startSriSimulator({ world })
  t.teardown(close)
  const post = async (service: string, body: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${url}/comprobantes-electronicos-ws/${service}`, { method: 'POST', headers: { 'content-type': 'text/xml; charset=utf-8', soapaction: '""', ...headers }, body })
    return `${response.status} ${await response.text()}`
  }
  const send = async (xml: Buffer | string) => await post('RecepcionComprobantesOffline', soap(reception, `<ec:validarComprobante><xml>${Buffer.from(xml).toString('base64')}</xml></ec:validarComprobante>`))
  const codeOf = (answer: string) => /<estado>(\w+)</.exec(answer)?.[1] + (/<identificador>(\d+)</.exec(answer)?.[1] ?? '')

  t.match(await post('Otro', ''), /^404/)
  t.match(await post('RecepcionComprobantesOffline', soap(reception, '<ec:otra/>')), /^500 .*was not recognized/)
  t.match(await post('RecepcionComprobantesOffline', soap('urn:otro', '<ec:validarComprobante/>')), /^500 .*Fault/)
  t.match(await post('RecepcionComprobantesOffline', 'no xml'), /^500 .*Fault/)
  t.match(await post('RecepcionComprobantesOffline', '', { soapaction: '"validar"' }), /^500 .*SOAPAction/)
  t.match(await post('RecepcionComprobantesOffline', '', { 'content-type': 'application/json' }), /^415/)

  const good = (await signedComprobante()).toString()
  const changed = (from: RegExp | string, to: string) => good.replace(from, to)
  const cases: [string, string, string][] = [
    ['not XML', 'x', 'DEVUELTA35'], ['another root', '<otro/>', 'DEVUELTA35'], ['unsigned', changed(/<ds:Signature .*<\/ds:Signature>/s, ''), 'DEVUELTA35'], ['an empty element', changed(/<direccionComprador>[^<]*/, '<direccionComprador>'), 'DEVUELTA35'],
    ['sections out of order', changed(/(<detalles>.*<\/detalles>)(<infoAdicional>.*<\/infoAdicional>)/s, '$2$1'), 'DEVUELTA35'], ['a clave that is none', changed(/(<claveAcceso>\d{48})\d/, '$1x'), 'DEVUELTA35'], ['a secuencial that is not the clave’s', changed('<secuencial>000000001', '<secuencial>000000002'), 'DEVUELTA58'],
    ['a date that is not the clave’s', changed(/<fechaEmision>\d\d/, '<fechaEmision>00'), 'DEVUELTA58'], ['totals that do not add up', changed(/<importeTotal>[\d.]+/, '<importeTotal>116.00'), 'DEVUELTA52'], ['too large', `${good}${' '.repeat(320 * 1024)}`, 'DEVUELTA26']
  ]
  for (const [name, xml, expected] of cases) t.equal(codeOf(await send(xml)), expected, name)
  t.same(world.ledger(), [], 'nothing of that is registered')

  const broken = changed('Servicio de hospedaje', 'Servicio de otra cosa')
  t.equal(codeOf(await send(broken)), 'RECIBIDA', 'the signature is looked at later')
  const clave = /<claveAcceso>(\d+)</.exec(good)![1]!
  const asked = async (key = clave) => await post('AutorizacionComprobantesOffline', soap('http://ec.gob.sri.ws.autorizacion', `<ec:autorizacionComprobante><claveAccesoComprobante>${key}</claveAccesoComprobante></ec:autorizacionComprobante>`))
  t.match(await asked(), /<numeroComprobantes>1<.*NO AUTORIZADO.*<identificador>39</s)
  t.equal(codeOf(await send(good)), 'RECIBIDA', 'corrected, under the same clave')
  t.match(await asked(), /<numeroComprobantes>2<.*NO AUTORIZADO.*<estado>AUTORIZADO</s)
  t.equal(codeOf(await send(good)), 'DEVUELTA43')
  t.equal(codeOf(await send(await signedComprobante({ reference: 'another' }))), 'DEVUELTA45', 'another clave for the same number')
  t.match(await asked('0'.repeat(49)), /<numeroComprobantes>0<.*<autorizaciones><\/autorizaciones>/)
  world.takes(1000)
  const slow = await signedComprobante({ number: '000000007' })
  t.equal(codeOf(await send(slow)), 'RECIBIDA')
  t.equal(codeOf(await send(slow)), 'DEVUELTA70')
  const old = await signedComprobante({ number: '000000008' })
  at = new Date(at.getTime() - 2 * 24 * 3600_000)
  t.equal(codeOf(await send(old)), 'DEVUELTA65', 'of the SRI’s tomorrow')
  at = new Date(at.getTime() + 100 * 24 * 3600_000)
  t.equal(codeOf(await send(old)), 'DEVUELTA65', 'a hundred days later')
})

t.test('two at once of one comprobante: one is taken', async t => {
  const world = createSriWorld()
  const sealed = await signedComprobante()
  const answers = await Promise.all([world.receive('1', sealed), world.receive('1', sealed), world.receive('1', sealed)])
  t.same(answers.map(({ estado }) => estado).sort(), ['DEVUELTA', 'DEVUELTA', 'RECIBIDA'])
  t.equal(world.ledger().length, 1)
})

t.test('its books survive a restart', async t => {
  const stateFile = `${t.testdir({})}/sri.json`
  const sealed = await signedComprobante()
  await createSriWorld({ stateFile }).receive('1', sealed)
  t.equal(createSriWorld({ stateFile }).ledger().length, 1)
  t.match(await createSriWorld({ stateFile }).receive('1', sealed), { mensajes: [{ identificador: '43' }] })
})
