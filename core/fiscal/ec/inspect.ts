import { Decimal, sum } from '../decimal.ts'
import { elements, textOf, type XmlElement } from '../xml/element.ts'
import { readAccessKey } from './access-key.ts'
import { dayOf, dayWritten } from './clock.ts'
import { allAt, headOf, type Read, textAt } from './read.ts'

/** What recepción would give a comprobante back for, in the SRI's own codes and words (Ficha Técnica v2.34). */
export interface Problem {
  code: string
  title: string
  detail: string
}

/** In how many minutes a comprobante must be sent, as message 65 says. */
export const termMinutes = 129_600

export const structureProblems = (read: Read, { signed }: { signed: boolean }): Problem[] => found('35', 'ARCHIVO NO CUMPLE ESTRUCTURA XML', wrongStructure(read, signed))
export const keyProblems = (read: Read): Problem[] => found('58', 'ERROR EN LA ESTRUCTURA DE CLAVE DE ACCESO', wrongKey(read, read.at('infoTributaria', 'claveAcceso')))
export const dateProblems = (read: Read, now: Date): Problem[] => found('65', 'FECHA DE EMISIÓN EXTEMPORÁNEA', wrongDate(read, now))
export const sumProblems = (read: Read): Problem[] => found('52', 'ERROR EN DIFERENCIAS', wrongSums(read))

const found = (code: string, title: string, detail: string | undefined): Problem[] => detail === undefined ? [] : [{ code, title, detail }]

/** The sections of each kind, in the order of its schema; a signature is the last. */
const sections: Readonly<Record<string, RegExp>> = {
  '01': /^infoTributaria infoFactura detalles( reembolsos)?( retenciones)?( infoSustitutivaGuiaRemision)?( otrosRubrosTerceros)?( infoAdicional)?( Signature)?$/,
  '03': /^infoTributaria infoLiquidacionCompra detalles( reembolsos)?( infoAdicional)?( Signature)?$/,
  '04': /^infoTributaria infoNotaCredito detalles( infoAdicional)?( Signature)?$/,
  '05': /^infoTributaria infoNotaDebito motivos( infoAdicional)?( Signature)?$/,
  '06': /^infoTributaria infoGuiaRemision destinatarios( infoAdicional)?( Signature)?$/,
  '07': /^infoTributaria infoCompRetencion docsSustento( infoAdicional)?( Signature)?$/
}

function wrongStructure ({ root, type, at, all }: Read, signed: boolean): string | undefined {
  const order = elements(root).map(({ name }) => name).join(' ')
  if (!sections[type.code]!.test(order) || (signed && !order.endsWith(' Signature'))) return `${type.root}: ${order}`
  for (const [name, shape] of [['ambiente', /^[12]$/], ['tipoEmision', /^1$/], ['razonSocial', /^.{1,300}$/], ['ruc', /^\d{10}001$/], ['claveAcceso', /^\d{49}$/], ['codDoc', new RegExp(`^${type.code}$`)], ['estab', /^\d{3}$/], ['ptoEmi', /^\d{3}$/], ['secuencial', /^\d{9}$/], ['dirMatriz', /^.{1,300}$/]] as const) {
    if (!shape.test(at('infoTributaria', name))) return `cvc-pattern-valid: ${name}`
  }
  const empty = emptyIn(root)
  if (empty !== undefined) return `cvc-minLength-valid: ${empty}`
  const fields = all('infoAdicional', 'campoAdicional')
  return fields.length > 15 || fields.some(field => [...textOf(field)].length > 300) ? 'campoAdicional' : undefined
}

/** No element of a comprobante is empty. */
function emptyIn (of: XmlElement): string | undefined {
  for (const child of elements(of, '')) {
    if (child.children.length === 0 && child.attributes.length === 0) return child.name
    const inside = emptyIn(child)
    if (inside !== undefined) return inside
  }
  return undefined
}

function wrongKey (read: Read, clave: string): string | undefined {
  const parts = readAccessKey(clave)
  if (parts === undefined) return 'dígito verificador'
  const of = (name: string): string => read.at('infoTributaria', name)
  const told = textAt(headOf(read), 'fechaEmision') || textAt(headOf(read), 'fechaIniTransporte')
  const pairs = [[parts.ruc, of('ruc')], [parts.document, of('codDoc')], [parts.environment, of('ambiente')], [parts.establishment, of('estab')], [parts.point, of('ptoEmi')], [parts.sequential, of('secuencial')], [parts.emission, of('tipoEmision')], [parts.date, told.replaceAll('/', '')]]
  return pairs.find(([one, other]) => one !== other)?.join(' ≠ ')
}

function wrongDate (read: Read, now: Date): string | undefined {
  const text = textAt(headOf(read), 'fechaEmision')
  if (text === '') return undefined
  const day = dayWritten(text)
  if (day === undefined || day > dayOf(now)) return `La fecha ${text} es mayor a la fecha actual`
  return Date.parse(dayOf(now)) - Date.parse(day) > termMinutes * 60_000 ? `El comprobante fue emitido fuera de plazo [${termMinutes}]` : undefined
}

/** Within a cent for each line, which is how far roundings may lie apart. */
function wrongSums (read: Read): string | undefined {
  const head = headOf(read)
  const number = (of: XmlElement, name: string): Decimal => new Decimal(textAt(of, name) || 0)
  const lines = read.all('detalles', 'detalle')
  if (lines.length === 0 || read.type.code === '06') return undefined
  const differs = (one: Decimal, other: Decimal, cents = 1): boolean => one.minus(other).abs().greaterThan(cents / 100)
  for (const line of lines) {
    if (differs(number(line, 'cantidad').times(number(line, 'precioUnitario')).minus(number(line, 'descuento')), number(line, 'precioTotalSinImpuesto'))) return 'precioTotalSinImpuesto'
    for (const tax of allAt(line, 'impuestos', 'impuesto')) {
      if (textAt(tax, 'codigo') === '2' && differs(number(tax, 'baseImponible').times(number(tax, 'tarifa')).div(100), number(tax, 'valor'))) return 'impuesto de una línea'
    }
  }
  const totals = allAt(head, 'totalConImpuestos', 'totalImpuesto')
  const net = sum(lines.map(line => number(line, 'precioTotalSinImpuesto')))
  if (differs(net, number(head, 'totalSinImpuestos'), lines.length)) return 'totalSinImpuestos'
  const perLine = sum(lines.flatMap(line => allAt(line, 'impuestos', 'impuesto').map(tax => number(tax, 'valor'))))
  const taxes = sum(totals.map(tax => number(tax, 'valor')))
  if (differs(perLine, taxes, lines.length)) return 'totalImpuesto'
  const total = number(head, read.type.code === '04' ? 'valorModificacion' : 'importeTotal')
  return differs(net.plus(taxes).plus(number(head, 'propina')), total, lines.length) ? 'importeTotal' : undefined
}
