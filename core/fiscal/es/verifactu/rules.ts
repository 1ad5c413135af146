import type { LocalText } from '../../../adapter/context.ts'
import { Decimal, sum } from '../../decimal.ts'
import { inspectNif } from '../nif.ts'
import type { Alta, Detail, OtherId, Recipient } from './model.ts'

export interface RecordFinding {
  /** The AEAT's own code (errores.properties of tikeV1.0, by tables of public repositories that copy it: it was not opened itself). */
  code: string
  level: 'error' | 'warning'
  /** In the words of the API. */
  path: string
  message: LocalText
}

/** The AEAT's rates of IVA and the recargo that stands beside each (codes 1124, 1160–1164), per cent, in force on 2026-11-21. */
const surchargesOf: Readonly<Record<string, readonly string[]>> = { 0: ['0.26', '0'], 4: ['0.5'], 5: ['0.5', '0.62'], 10: ['1.4'], 21: ['5.2', '1.75'] }
const regimes = ['01', '02', '03', '04', '05', '06', '07', '08', '09', '10', '11', '14', '15', '17', '18', '19', '20', '21']

/**
 * What the AEAT would refuse in a registro de alta, by its published validations and with its own codes. Its census and its books are
 * its own: codes that need them (1109, 1110, 2001, 3000 …) come with its answer. Warnings are taken "con errores" and want a correction.
 * `today` is aaaa-mm-dd. Never throws.
 */
export function recordFindings (alta: Alta, today: string): RecordFinding[] {
  const found: RecordFinding[] = []
  const say = (code: string, path: string, es: string, en: string, level: RecordFinding['level'] = 'error'): void => { found.push({ code, level, path, message: { es, en } }) }
  name(alta, today, say)
  kind(alta, say)
  recipients(alta, say)
  if (alta.details.length === 0) say('1195', 'lines', 'Falta el desglose.', 'The breakdown is missing.')
  if (alta.details.length > 12) say('4113', 'lines', `El desglose admite 12 combinaciones de impuesto, tipo y causa; tiene ${alta.details.length}.`, `The breakdown takes 12 combinations of tax, rate and reason; it has ${alta.details.length}.`)
  alta.details.forEach((detail, index) => { details(alta, detail, `lines (${index + 1})`, say) })
  totals(alta, say)
  return found
}

type Say = (code: string, path: string, es: string, en: string, level?: RecordFinding['level']) => void

const dayOf = (date: string): string => date.split('-').reverse().join('-')

function name ({ name: { nif, number, date }, issuerName, operationDate, description, details }: Alta, today: string, say: Say): void {
  const { shape, digit } = inspectNif(nif)
  if (!shape || !digit) say('1123', 'issuer', `«${nif}» no es un NIF correcto.`, `"${nif}" is no right NIF.`)
  if (number === '' || number.length > 60) say('1104', 'number', 'Serie y número juntos tienen de 1 a 60 caracteres.', 'Series and number together have 1 to 60 characters.')
  // Printable ASCII, without these five (1130, 1287).
  if (!/^[\x20-\x7e]*$/.test(number) || /[<>"'=]/.test(number)) say('1130', 'series', 'Serie y número llevan solo caracteres ASCII imprimibles, sin < > " \' =.', 'Series and number are printable ASCII, without < > " \' =.')
  if (issuerName === '') say('1100', 'issuer', 'Falta el nombre del emisor.', 'The issuer’s name is missing.')
  if (description.trim() === '') say('1100', 'es.description', 'Falta la descripción de la operación.', 'The description of the operation is missing.')
  const issued = dayOf(date)
  if (!/^\d{4}-\d\d-\d\d$/.test(issued)) return say('1105', 'es', 'Falta la fecha de expedición.', 'The date of issue is missing.')
  if (issued > today) say('1112', 'es', 'La fecha de expedición es posterior a hoy.', 'The date of issue is after today.')
  if (issued < '2024-10-28') say('1152', 'es', 'La fecha de expedición es anterior al 28 de octubre de 2024.', 'The date of issue is before 28 October 2024.')
  if (operationDate === undefined) return
  const operated = dayOf(operationDate)
  const deferred = details.length > 0 && details.every(({ regime, tax }) => (regime === '14' || regime === '15') && (tax === '01' || tax === '03'))
  if (operated > issued && !deferred) say('1146', 'es.operation_date', 'La operación no puede ser posterior a la expedición, salvo con régimen 14 o 15.', 'The operation cannot be after the issue, but in the regimes 14 and 15.')
  if (Number(operated.slice(0, 4)) < Number(today.slice(0, 4)) - 20) say('1134', 'es.operation_date', 'La operación tiene más de veinte años.', 'The operation is more than twenty years old.')
}

function kind ({ type, corrective, rectified, rectifiedAmounts, substituted, details, qualified, withoutRecipient, total }: Alta, say: Say): void {
  if (!['F1', 'F2', 'F3', 'R1', 'R2', 'R3', 'R4', 'R5'].includes(type)) return say('1106', 'es.verifactu.type', `«${type}» no es un tipo de factura.`, `"${type}" is no kind of invoice.`)
  const isCorrective = type.startsWith('R')
  if (isCorrective && corrective === undefined) say('1114', 'es.corrective', 'Una rectificativa dice cómo rectifica.', 'A corrective invoice says how it corrects.')
  if (!isCorrective && corrective !== undefined) say('1115', 'es.corrective', 'Solo una rectificativa dice cómo rectifica.', 'Only a corrective invoice says how it corrects.')
  if (!isCorrective && rectified !== undefined) say('1117', 'es.corrective', 'Solo una rectificativa nombra facturas rectificadas.', 'Only a corrective invoice names what it corrects.')
  if (type !== 'F3' && substituted !== undefined) say('1116', 'es.verifactu.substitutes', 'Solo una factura F3 nombra las que sustituye.', 'Only an F3 names the invoices that it replaces.')
  for (const one of [...rectified ?? [], ...substituted ?? []]) if (!/^\d\d-\d\d-\d{4}$/.test(one.date)) say('1145', 'es.corrective.issued_on', 'Falta la fecha de la factura rectificada o sustituida.', 'The date of the corrected or replaced invoice is missing.')
  if (corrective === 'S' && rectifiedAmounts === undefined) say('1118', 'es.verifactu.rectified', 'Una rectificativa íntegra dice base y cuota de la factura que sustituye, que aquí no está registrada.', 'One that replaces says base and tax of the invoice that it replaces, which has no record here.')
  if (corrective !== 'S' && rectifiedAmounts !== undefined) say('1119', 'es.corrective', 'Solo una rectificativa íntegra dice los importes rectificados.', 'Only one that replaces says the amounts that it replaces.')
  if (qualified === true && !/^(?:F1|F3|R[1-4])$/.test(type)) say('1183', 'es.document', 'Una factura simplificada con su comprador es F1, F3 o R1 a R4.', 'A simplified invoice that names its buyer is F1, F3 or R1 to R4.')
  if (withoutRecipient === true && type !== 'F2' && type !== 'R5') say('1185', 'es.verifactu', 'Sin destinatario solo van F2 y R5.', 'Only F2 and R5 go without a buyer.')
  if (type === 'F2' && withoutRecipient !== true && Number(total) > 3000) say('1150', 'lines', 'Una factura simplificada (F2) no pasa de 3.000 €.', 'A simplified invoice (F2) is of 3,000 € at most.')
  if (details.some(({ qualification }) => qualification === 'S2') && !/^(?:F1|F3|R[1-4])$/.test(type)) say('1197', 'es.legal_literals', 'La inversión del sujeto pasivo va en F1, F3 o R1 a R4.', 'The reverse charge goes in F1, F3 or R1 to R4.')
}

function recipients ({ type, recipients, name, details }: Alta, say: Say): void {
  const named = type !== 'F2' && type !== 'R5'
  if (named && recipients.length === 0) say('1189', 'customer', 'Falta el destinatario.', 'The buyer is missing.')
  if (!named && recipients.length > 0) say('1190', 'customer', 'Una factura F2 o R5 no nombra a su destinatario.', 'An F2 or R5 does not name its buyer.')
  for (const recipient of recipients) {
    recipientFindings(recipient, say)
    if (recipient.nif === name.nif) say('1193', 'customer.tax_id', 'El destinatario no puede ser el emisor.', 'The buyer cannot be the issuer.')
    if (type === 'R3' && recipient.nif === undefined && recipient.other?.type !== '07') say('1191', 'customer.tax_id', 'Una R3 es para un destinatario con NIF.', 'An R3 is for a buyer with a NIF.')
    if (type === 'R2' && recipient.nif === undefined && !['02', '07'].includes(recipient.other?.type ?? '')) say('1192', 'customer.tax_id', 'Una R2 es para un destinatario con NIF o NIF-IVA.', 'An R2 is for a buyer with a NIF or NIF-IVA.')
    if (recipient.nif !== undefined && details.some(({ tax, exemption }) => tax === '01' && exemption === 'E5')) say('1289', 'customer.tax_id', 'La exención E5 (entrega intracomunitaria) es para un NIF-IVA de otro Estado.', 'The exemption E5 (delivery within the Union) is for a NIF-IVA of another state.')
  }
}

function recipientFindings ({ name, nif, other }: Recipient, say: Say): void {
  if (name === '') say('1239', 'customer.name', 'Falta el nombre del destinatario.', 'The buyer’s name is missing.')
  if (nif !== undefined) {
    const { shape, digit } = inspectNif(nif)
    if (!shape || !digit) say('1123', 'customer.tax_id', `«${nif}» no es un NIF correcto.`, `"${nif}" is no right NIF.`)
  } else if (other !== undefined) otherFindings(other, say)
}

function otherFindings ({ country, type, id }: OtherId, say: Say): void {
  if (!['02', '03', '04', '05', '06', '07'].includes(type)) say('1102', 'customer.tax_id_type', 'No es un tipo de identificación.', 'It is no kind of identification.')
  if (id === '' || id.length > 20) say('1103', 'customer.tax_id', 'Tiene de 1 a 20 caracteres.', 'It has 1 to 20 characters.')
  if (country === undefined && type !== '02') say('1111', 'customer.address.country', 'Falta el país.', 'The country is missing.')
  if (country === 'ES' && type !== '03' && type !== '07') say('1126', 'customer.tax_id', 'En España se identifica con NIF, con pasaporte, o como no censado.', 'In Spain one is identified by NIF, by passport, or as not in the census.')
  if (type === '02' && country !== undefined && country !== 'GR' && !id.startsWith(country)) say('1122', 'customer.tax_id', 'El NIF-IVA empieza por su país.', 'A NIF-IVA begins with its country.')
}

function details ({ type }: Alta, { tax, regime, qualification, exemption, rate, base, amount, surcharge }: Detail, path: string, say: Say): void {
  const vat = tax === '01'
  if (tax === '05' ? regime !== undefined : regime === undefined) say(tax === '05' ? '1260' : '1245', 'es.verifactu.regime', 'El régimen va con IVA, IPSI e IGIC, y solo con ellos.', 'The regime goes with IVA, IPSI and IGIC, and with no other.')
  else if (regime !== undefined && !regimes.includes(regime)) say('1246', 'es.verifactu.regime', `«${regime}» no es una clave de régimen.`, `"${regime}" is no key of a regime.`)
  if (regime === '01' && (tax === '01' || tax === '03') && (exemption === 'E2' || exemption === 'E3')) say('1199', 'es.verifactu.regime', 'Una exportación (E2, E3) va con régimen 02.', 'An export (E2, E3) goes with regime 02.')
  if (regime === '02' && tax !== '02' && exemption === undefined) say('1286', 'es.verifactu.regime', 'El régimen 02 es solo para operaciones exentas.', 'Regime 02 is for exempt operations alone.')
  if (regime === '03' && qualification !== 'S1') say('1200', 'es.verifactu.regime', 'El régimen 03 va con operaciones sujetas y no exentas.', 'Regime 03 goes with taxed operations.')
  if (regime === '04' && qualification !== 'S2' && exemption === undefined) say('1201', 'es.verifactu.regime', 'El régimen 04 va con inversión del sujeto pasivo o exención.', 'Regime 04 goes with the reverse charge or an exemption.')
  if (regime === '06') say('1202', 'es.verifactu.regime', 'El régimen 06 pide la base a coste, que aquí no se lleva.', 'Regime 06 wants the base at cost, which is not kept here.')
  if ((regime === '08' || regime === '20') && qualification !== 'N2') say(regime === '08' ? '1252' : '1293', 'es.verifactu.regime', `El régimen ${regime} va con operaciones no sujetas por localización (N2).`, `Regime ${regime} goes with operations not taxable by their place (N2).`)
  if (regime === '10' && (qualification !== 'N1' || type !== 'F1')) say('1205', 'es.verifactu.regime', 'El régimen 10 va con N1 en una F1.', 'Regime 10 goes with N1 in an F1.')
  if (regime === '11' && vat && rate !== '21.00') say('1206', 'es.verifactu.regime', 'El régimen 11 va al 21 %.', 'Regime 11 goes at 21 %.')
  if (qualification === 'S1') {
    if (rate === undefined || amount === undefined) return say('1208', path, 'Faltan el tipo o la cuota.', 'The rate or the tax is missing.')
    if (vat && surchargesOf[String(Number(rate))] === undefined) say('1124', path, `El IVA no tiene el tipo ${rate} %.`, `There is no IVA of ${rate} %.`)
    if (surcharge !== undefined && vat && !(surchargesOf[String(Number(rate))] ?? []).includes(String(Number(surcharge.rate)))) say('1160', path, `Al ${rate} % no le corresponde un recargo del ${surcharge.rate} %.`, `A surcharge of ${surcharge.rate} % does not go with ${rate} %.`)
    const exact = new Decimal(base).times(rate).div(100)
    if (exact.minus(amount).abs().gt(10)) say('1142', path, `La cuota ${amount} no es el ${rate} % de ${base}.`, `The tax ${amount} is not ${rate} % of ${base}.`)
    if (new Decimal(amount).times(base).lt(0)) say('1143', path, 'Cuota y base llevan el mismo signo.', 'Tax and base have the same sign.')
  } else if (qualification === 'S2') {
    if (Number(rate) !== 0 || Number(amount) !== 0) say('1198', path, 'Con inversión del sujeto pasivo, tipo y cuota son cero.', 'With the reverse charge, rate and tax are zero.')
  } else if (rate !== undefined || amount !== undefined || surcharge !== undefined) {
    say(exemption === undefined ? '1237' : '1238', path, 'Lo exento o no sujeto no lleva tipo ni cuota.', 'What is exempt or not taxable has neither rate nor tax.')
  }
}

/** The AEAT allows ten euros either way (2005, 2006: taken with errors). */
function totals ({ details, tax, total }: Alta, say: Say): void {
  const taxes = sum(details.flatMap(({ amount, surcharge }) => [new Decimal(amount ?? 0), new Decimal(surcharge?.amount ?? 0)]))
  const all = taxes.plus(sum(details.map(({ base }) => new Decimal(base))))
  if (taxes.minus(tax).abs().gt(10)) say('2006', 'totals.taxes', `La cuota total ${tax} no es la suma ${taxes.toFixed(2)}.`, `The total tax ${tax} is not the sum ${taxes.toFixed(2)}.`, 'warning')
  if (all.minus(total).abs().gt(10)) say('2005', 'totals.total', `El importe total ${total} no es la suma ${all.toFixed(2)}.`, `The total ${total} is not the sum ${all.toFixed(2)}.`, 'warning')
}
