import { type Decimal, zero } from '../../decimal.ts'
import type { PagosTotales } from '../model.ts'
import { rateOutside, rateSentence, sixSentence, taxOutside, taxSentence } from './concepts.ts'
import { rateIsOutside, tooPrecise } from './document.ts'
import { collapsed } from './kinds.ts'
import { type Limits, number, placesOf, quotientLimits, round, shown, within } from './numbers.ts'
import { whole } from './parties.ts'
import { foreignRfc } from './rfc.ts'
import { type AnyRule, type At, type Broken, type Document, type Here, rule } from './rule.ts'

type Pago = At<Document, 'Complemento.Pagos.Pago[]'>
type Docto = At<Document, 'Complemento.Pagos.Pago[].DoctoRelacionado[]'>
type TrasladoP = At<Document, 'Complemento.Pagos.Pago[].ImpuestosP.TrasladosP[]'>

const pago = 'Complemento.Pagos.Pago[]'
const docto = 'Complemento.Pagos.Pago[].DoctoRelacionado[]'
const retencionDR = 'Complemento.Pagos.Pago[].DoctoRelacionado[].ImpuestosDR.RetencionesDR[]'
const trasladoDR = 'Complemento.Pagos.Pago[].DoctoRelacionado[].ImpuestosDR.TrasladosDR[]'
const retencionP = 'Complemento.Pagos.Pago[].ImpuestosP.RetencionesP[]'
const trasladoP = 'Complemento.Pagos.Pago[].ImpuestosP.TrasladosP[]'

// ---- What the document around the complement must say (CRP201xx).

/** The rules of the envelope are asked of a payment receipt, and of whatever carries the complement. */
const isReceipt = ({ TipoDeComprobante, Complemento }: Document): boolean => TipoDeComprobante === 'P' || Complemento?.Pagos !== undefined
const isZero = (text: string | undefined): boolean => number(text)?.isZero() === true

type Envelope = 'TipoDeComprobante' | 'Exportacion' | 'Moneda' | 'SubTotal' | 'Total'
type Absent = 'FormaPago' | 'MetodoPago' | 'CondicionesDePago' | 'Descuento' | 'TipoCambio'
type LineFixed = 'ClaveProdServ' | 'ClaveUnidad' | 'Descripcion' | 'ObjetoImp'
type LineAbsent = 'NoIdentificacion' | 'Unidad' | 'Descuento'

const must = (field: string, value: string) => ({ es: `En un complemento de pago ${field} debe ser "${value}".`, en: `In a payment complement ${field} must be "${value}".` })
const mustNot = (field: string) => ({ es: `Quite ${field}: un complemento de pago no lo lleva.`, en: `Take ${field} away: a payment complement has none.` })

const envelope: readonly AnyRule[] = [
  ...([['CRP20101', 'TipoDeComprobante', 'P'], ['CRP20102', 'Exportacion', '01'], ['CRP20104', 'Moneda', 'XXX']] as readonly [string, Envelope, string][]).map(([code, field, value]) => rule({
    code, level: 'error', at: '', field, source: 'matrix', check: document => isReceipt(document) && document[field] !== undefined && document[field] !== value, ...must(field, value)
  })),
  ...([['CRP20103', 'SubTotal'], ['CRP20110', 'Total']] as readonly [string, Envelope][]).map(([code, field]) => rule({
    code, level: 'error', at: '', field, source: 'matrix', check: document => isReceipt(document) && number(document[field]) !== undefined && !isZero(document[field]), ...must(field, '0')
  })),
  ...([['CRP20105', 'FormaPago'], ['CRP20106', 'MetodoPago'], ['CRP20107', 'CondicionesDePago'], ['CRP20108', 'Descuento'], ['CRP20109', 'TipoCambio']] as readonly [string, Absent][]).map(([code, field]) => rule({
    code, level: 'error', at: '', field, source: 'matrix', check: document => isReceipt(document) && document[field] !== undefined, ...mustNot(field)
  })),
  rule({
    code: 'CRP20111', level: 'error', at: '', field: 'Conceptos', source: 'matrix',
    check: document => isReceipt(document) && (document.Conceptos?.length ?? 0) > 1,
    es: 'Un complemento de pago tiene un solo concepto.',
    en: 'A payment complement has a single concept.'
  }),
  rule({
    code: 'CRP20112', level: 'error', at: 'Conceptos[]', field: '', source: 'matrix',
    check: ({ InformacionAduanera = [], CuentaPredial = [], ComplementoConcepto, Parte = [] }, { document }) => isReceipt(document) && (InformacionAduanera.length + CuentaPredial.length + Parte.length > 0 || ComplementoConcepto !== undefined),
    es: 'El concepto de un complemento de pago no lleva pedimentos, predial, partes ni complementos: quítelos.',
    en: 'The concept of a payment complement has no customs entries, property accounts, parts or complements: take them away.'
  }),
  ...([['CRP20113', 'ClaveProdServ', '84111506'], ['CRP20116', 'ClaveUnidad', 'ACT'], ['CRP20118', 'Descripcion', 'Pago'], ['CRP20122', 'ObjetoImp', '01']] as readonly [string, LineFixed, string][]).map(([code, field, value]) => rule({
    code, level: 'error', at: 'Conceptos[]', field, source: 'matrix', check: (node, { document }) => isReceipt(document) && node[field] !== undefined && collapsed(node[field]) !== value, ...must(field, value)
  })),
  ...([['CRP20114', 'NoIdentificacion'], ['CRP20117', 'Unidad'], ['CRP20121', 'Descuento']] as readonly [string, LineAbsent][]).map(([code, field]) => rule({
    code, level: 'error', at: 'Conceptos[]', field, source: 'matrix', check: (node, { document }) => isReceipt(document) && node[field] !== undefined, ...mustNot(field)
  })),
  rule({ code: 'CRP20115', level: 'error', at: 'Conceptos[]', field: 'Cantidad', source: 'matrix', check: ({ Cantidad }, { document }) => isReceipt(document) && number(Cantidad)?.equals(1) === false, ...must('Cantidad', '1') }),
  ...([['CRP20119', 'ValorUnitario'], ['CRP20120', 'Importe']] as const).map(([code, field]) => rule({
    code, level: 'error', at: 'Conceptos[]', field, source: 'matrix', check: (node, { document }) => isReceipt(document) && number(node[field]) !== undefined && !isZero(node[field]), ...must(field, '0')
  })),
  rule({ code: 'CRP20123', level: 'error', at: 'Conceptos[]', field: 'Impuestos', source: 'matrix', check: ({ Impuestos }, { document }) => isReceipt(document) && Impuestos !== undefined, ...mustNot('Impuestos') }),
  rule({ code: 'CRP20123', level: 'error', at: '', field: 'Impuestos', source: 'matrix', check: document => isReceipt(document) && document.Impuestos !== undefined, ...mustNot('Impuestos') }),
  rule({
    code: 'CRP20999', level: 'error', at: '', field: 'Complemento', source: 'xsd',
    check: ({ TipoDeComprobante, Complemento }) => TipoDeComprobante === 'P' && Complemento?.Pagos === undefined,
    es: 'Un comprobante de tipo P lleva el complemento Pagos 2.0: agréguelo.',
    en: 'A document of type P has the complement Pagos 2.0: add it.'
  })
]

// ---- Totals in pesos (CRP20201 to 20211, 20264, 20267, 20273).

/** Pesos for one unit of the currency of the payment. */
const pesos = ({ MonedaP, TipoCambioP }: Pago): Decimal | undefined => TipoCambioP === undefined && MonedaP === 'MXN' ? number('1') : number(TipoCambioP)

interface Group { code: string, field: keyof PagosTotales, of: (payment: Pago) => (string | undefined)[] }

const withheld = (tax: string) => (payment: Pago): (string | undefined)[] => (payment.ImpuestosP?.RetencionesP ?? []).filter(({ ImpuestoP }) => ImpuestoP === tax).map(({ ImporteP }) => ImporteP)
const vat = (rate: string | undefined, value: 'BaseP' | 'ImporteP') => (payment: Pago): (string | undefined)[] =>
  (payment.ImpuestosP?.TrasladosP ?? []).filter(row => row.ImpuestoP === '002' && isRate(row, rate)).map(row => row[value])
const isRate = ({ TipoFactorP, TasaOCuotaP }: TrasladoP, rate: string | undefined): boolean => rate === undefined ? TipoFactorP === 'Exento' : TipoFactorP === 'Tasa' && number(TasaOCuotaP)?.equals(rate) === true

const groups: readonly Group[] = [
  { code: 'CRP20201', field: 'TotalRetencionesIVA', of: withheld('002') },
  { code: 'CRP20202', field: 'TotalRetencionesISR', of: withheld('001') },
  { code: 'CRP20203', field: 'TotalRetencionesIEPS', of: withheld('003') },
  { code: 'CRP20204', field: 'TotalTrasladosBaseIVA16', of: vat('0.16', 'BaseP') },
  { code: 'CRP20205', field: 'TotalTrasladosImpuestoIVA16', of: vat('0.16', 'ImporteP') },
  { code: 'CRP20206', field: 'TotalTrasladosBaseIVA8', of: vat('0.08', 'BaseP') },
  { code: 'CRP20207', field: 'TotalTrasladosImpuestoIVA8', of: vat('0.08', 'ImporteP') },
  { code: 'CRP20208', field: 'TotalTrasladosBaseIVA0', of: vat('0', 'BaseP') },
  { code: 'CRP20209', field: 'TotalTrasladosImpuestoIVA0', of: vat('0', 'ImporteP') },
  { code: 'CRP20210', field: 'TotalTrasladosBaseIVAExento', of: vat(undefined, 'BaseP') },
  { code: 'CRP20211', field: 'MontoTotalPagos', of: ({ Monto }) => [Monto] }
]

/** The sum over the payments, each in pesos, rounded to cents; `any` is whether there is something to add. */
function totalOf ({ of }: Group, payments: readonly Pago[]): { any: boolean, total: Decimal | undefined } {
  let total: Decimal | undefined = zero
  let any = false
  for (const payment of payments) {
    const rate = pesos(payment)
    for (const text of of(payment)) {
      any = true
      const value = number(text)
      total = total === undefined || value === undefined || rate === undefined ? undefined : total.plus(value.times(rate))
    }
  }
  return { any, total: total === undefined ? undefined : round(total, 2) }
}

const families: readonly { code: string, fields: readonly (keyof PagosTotales)[], es: string, en: string }[] = [
  {
    code: 'CRP20264', fields: ['TotalRetencionesIVA', 'TotalRetencionesISR', 'TotalRetencionesIEPS'],
    es: 'Hay retenciones en los pagos: agregue {field} a Totales.', en: 'There are withheld taxes in the payments: add {field} to Totales.'
  },
  {
    code: 'CRP20267', fields: ['TotalTrasladosBaseIVA16', 'TotalTrasladosBaseIVA8', 'TotalTrasladosBaseIVA0', 'TotalTrasladosBaseIVAExento'],
    es: 'Hay IVA trasladado en los pagos: agregue {field} a Totales.', en: 'There is transferred IVA in the payments: add {field} to Totales.'
  },
  {
    code: 'CRP20273', fields: ['TotalTrasladosImpuestoIVA16', 'TotalTrasladosImpuestoIVA8', 'TotalTrasladosImpuestoIVA0'],
    es: 'Hay IVA trasladado en los pagos: agregue {field} a Totales.', en: 'There is transferred IVA in the payments: add {field} to Totales.'
  }
]

const totals: readonly AnyRule[] = [
  ...groups.map(group => rule({
    code: group.code, level: 'error', at: 'Complemento.Pagos.Totales', field: group.field, source: 'matrix',
    check: (node, { document }) => {
      const found = number(node[group.field])
      const { total } = totalOf(group, document.Complemento?.Pagos?.Pago ?? [])
      return found === undefined || total === undefined || found.equals(total) ? undefined : { found: node[group.field]!, expected: shown(total, 2) }
    },
    es: `${group.field} dice {found}; los pagos, en pesos y redondeados a centavos, suman {expected}.`,
    en: `${group.field} says {found}; the payments, in pesos and rounded to cents, add up to {expected}.`
  })),
  ...families.map(({ code, fields, es, en }) => rule({
    code, level: 'error', at: 'Complemento.Pagos.Totales', field: '', source: 'matrix',
    check: (node, { document }) => {
      const missing = fields.find(field => node[field] === undefined && totalOf(groups.find(group => group.field === field)!, document.Complemento?.Pagos?.Pago ?? []).any)
      return missing === undefined ? undefined : { field: missing }
    },
    es, en
  }))
]

// ---- Each payment (CRP20212 to 20235, 20276).

const decimalsOf = (currency: string | undefined, { catalogues, on }: Here): number | undefined => currency === undefined || currency === 'XXX' ? undefined : catalogues.lookup('c_Moneda', currency, on)?.decimals
const sameCurrency = ({ MonedaP }: Pago, { MonedaDR }: Docto): boolean => MonedaP !== undefined && MonedaP === MonedaDR

/** Monto against what the documents were paid, in its currency. Undefined when something is not a number. */
function paid (payment: Pago, here: Here): { same: boolean, total: Decimal, limits: Limits } | undefined {
  const documents = payment.DoctoRelacionado ?? []
  const places = decimalsOf(payment.MonedaP, here) ?? 2
  // CRP20277: with several documents, one of them in the currency of the payment, its 1 counts as 1.0000000000.
  const tenPlaces = documents.length > 1 && documents.some(document => sameCurrency(payment, document))
  let [total, low, high] = [zero, zero, zero]
  for (const document of documents) {
    const amount = number(document.ImpPagado)
    const same = sameCurrency(payment, document)
    const equivalence = document.EquivalenciaDR ?? (same ? '1' : undefined)
    const divisor = number(equivalence)
    if (amount === undefined || divisor === undefined || divisor.isZero()) return undefined
    const limits = quotientLimits(document.ImpPagado!, equivalence!, tenPlaces && divisor.equals(1) ? 10 : placesOf(equivalence!), places)
    if (limits === undefined) return undefined
    total = total.plus(amount.dividedBy(divisor))
    low = low.plus(limits.low)
    high = high.plus(limits.high)
  }
  return { same: documents.every(document => sameCurrency(payment, document)), total, limits: { low, high } }
}

type BankField = 'RfcEmisorCtaOrd' | 'CtaOrdenante' | 'RfcEmisorCtaBen' | 'CtaBeneficiario'
const bankFields: readonly [code: string, field: BankField, allowed: 'payer_bank' | 'payer_account' | 'payee_bank' | 'payee_account'][] = [
  ['CRP20221', 'RfcEmisorCtaOrd', 'payer_bank'], ['CRP20224', 'CtaOrdenante', 'payer_account'], ['CRP20227', 'RfcEmisorCtaBen', 'payee_bank'], ['CRP20228', 'CtaBeneficiario', 'payee_account']
]
const accounts: readonly [code: string, field: 'CtaOrdenante' | 'CtaBeneficiario', allowed: 'payer_account' | 'payee_account', pattern: 'payer_account_pattern' | 'payee_account_pattern'][] = [
  ['CRP20225', 'CtaOrdenante', 'payer_account', 'payer_account_pattern'], ['CRP20226', 'CtaBeneficiario', 'payee_account', 'payee_account_pattern']
]
const proofs: readonly [needed: string, unwanted: string, field: 'CertPago' | 'CadPago' | 'SelloPago'][] = [['CRP20230', 'CRP20231', 'CertPago'], ['CRP20232', 'CRP20233', 'CadPago'], ['CRP20234', 'CRP20235', 'SelloPago']]
const formOf = ({ FormaDePagoP = '' }: Pago, { catalogues, on }: Here) => FormaDePagoP === '99' ? undefined : catalogues.lookup('c_FormaPago', FormaDePagoP, on)

const payments: readonly AnyRule[] = [
  rule({
    code: 'CRP20212', level: 'error', at: pago, field: 'FormaDePagoP', source: 'matrix', check: ({ FormaDePagoP }) => FormaDePagoP === '99',
    es: 'FormaDePagoP no puede ser "99": el pago ya se hizo, diga cómo.', en: 'FormaDePagoP cannot be "99": the payment is made, say how.'
  }),
  rule({
    code: 'CRP20213', level: 'error', at: pago, field: 'MonedaP', source: 'matrix', check: ({ MonedaP }) => MonedaP === 'XXX',
    es: 'MonedaP no puede ser XXX: ponga la moneda en que se pagó.', en: 'MonedaP cannot be XXX: say the currency in which it was paid.'
  }),
  rule({
    code: 'CRP20214', level: 'error', at: pago, field: 'TipoCambioP', source: 'matrix', check: ({ MonedaP, TipoCambioP }) => MonedaP !== undefined && !['MXN', 'XXX'].includes(MonedaP) && TipoCambioP === undefined ? { currency: MonedaP } : undefined,
    es: 'Agregue TipoCambioP: cuántos pesos valía {currency} el día del pago.', en: 'Add TipoCambioP: how many pesos {currency} was worth on the day of the payment.'
  }),
  rule({
    code: 'CRP20215', level: 'error', at: pago, field: 'TipoCambioP', source: 'matrix', check: ({ MonedaP, TipoCambioP }) => MonedaP === 'MXN' && (TipoCambioP === undefined || number(TipoCambioP)?.equals(1) === false),
    es: 'Con MonedaP MXN, TipoCambioP debe ser "1".', en: 'With MonedaP MXN, TipoCambioP must be "1".'
  }),
  rule({
    code: 'CRP20216', level: 'error', at: pago, field: 'TipoCambioP', source: 'matrix',
    check: ({ MonedaP = '', TipoCambioP, FechaPago = '' }, here) => {
      const on = FechaPago.slice(0, 10)
      return TipoCambioP !== undefined && here.document.Confirmacion === undefined && rateIsOutside(MonedaP, TipoCambioP, { ...here, on }) === true ? { found: TipoCambioP, official: here.rate(MonedaP, on)! } : undefined
    },
    es: 'TipoCambioP {found} se aleja demasiado del oficial ({official}): corríjalo, o pida al PAC una clave de Confirmacion.',
    en: 'TipoCambioP {found} is too far from the official rate ({official}): correct it, or ask the PAC for a Confirmacion.'
  }),
  rule({
    code: 'CRP20217', level: 'error', at: pago, field: 'Monto', source: 'matrix',
    check: (node, here) => {
      const found = number(node.Monto)
      const sums = paid(node, here)
      return found !== undefined && sums?.same === true && sums.total.greaterThan(found) ? { found: node.Monto!, total: shown(sums.total) } : undefined
    },
    es: 'Monto dice {found} y los ImpPagado de sus documentos suman {total}: no pueden ser más.',
    en: 'Monto says {found} and the ImpPagado of its documents add up to {total}: they cannot be more.'
  }),
  rule({
    code: 'CRP20276', level: 'error', at: pago, field: 'Monto', source: 'matrix',
    check: (node, here) => {
      const found = number(node.Monto)
      const sums = paid(node, here)
      if (found === undefined || sums === undefined || sums.same || sums.total.lessThanOrEqualTo(found) || within(found, sums.limits)) return undefined
      return { found: node.Monto!, low: shown(sums.limits.low), high: shown(sums.limits.high) }
    },
    es: 'Monto dice {found}; los ImpPagado convertidos a la moneda del pago están entre {low} y {high}: revise Monto y EquivalenciaDR.',
    en: 'Monto says {found}; the ImpPagado converted to the currency of the payment are between {low} and {high}: check Monto and EquivalenciaDR.'
  }),
  rule({
    code: 'CRP20218', level: 'error', at: pago, field: 'Monto', source: 'matrix', check: ({ Monto }) => isZero(Monto),
    es: 'Monto debe ser mayor que cero.', en: 'Monto must be more than zero.'
  }),
  rule({
    code: 'CRP20219', level: 'error', at: pago, field: 'Monto', source: 'matrix', check: ({ Monto, MonedaP }, here) => tooPrecise(Monto, decimalsOf(MonedaP, here)),
    es: 'Monto debe tener como máximo {decimals} decimales, los de MonedaP.', en: 'Monto must have at most {decimals} decimals, those of MonedaP.'
  }),
  rule({
    code: 'CRP20220', level: 'error', at: pago, field: 'Monto', source: 'matrix',
    check: (node, { document, catalogues, on }) => {
      const limit = catalogues.lookup('c_TipoDeComprobante', 'P', on)?.max_total
      const rate = pesos(node)
      return limit !== undefined && rate !== undefined && document.Confirmacion === undefined && number(node.Monto)?.times(rate).greaterThan(limit) === true
    },
    es: 'Monto en pesos pasa del límite de c_TipoDeComprobante: corríjalo, o pida al PAC una clave de Confirmacion.',
    en: 'Monto in pesos is above the limit of c_TipoDeComprobante: correct it, or ask the PAC for a Confirmacion.'
  }),
  ...bankFields.map(([code, field, allowed]) => rule({
    code, level: 'error', at: pago, field, source: 'matrix', check: (node, here) => node[field] !== undefined && formOf(node, here)?.[allowed] === false ? { form: node.FormaDePagoP! } : undefined,
    es: `Quite ${field}: la forma de pago {form} no lo lleva.`, en: `Take ${field} away: the payment form {form} has none.`
  })),
  rule({
    code: 'CRP20223', level: 'error', at: pago, field: 'NomBancoOrdExt', source: 'matrix', check: ({ RfcEmisorCtaOrd, NomBancoOrdExt }) => RfcEmisorCtaOrd === foreignRfc && NomBancoOrdExt === undefined,
    es: 'Con RfcEmisorCtaOrd XEXX010101000 agregue NomBancoOrdExt: el nombre del banco extranjero.', en: 'With RfcEmisorCtaOrd XEXX010101000 add NomBancoOrdExt: the name of the foreign bank.'
  }),
  ...accounts.map(([code, field, allowed, pattern]) => rule({
    code, level: 'error', at: pago, field, source: 'matrix',
    check: (node, here) => {
      const form = formOf(node, here)
      const value = node[field]
      // What has no form of an account at all is told already.
      if (value === undefined || form === undefined || !form[allowed] || form[pattern] === null || !/^[A-Z0-9_]{10,50}$/.test(collapsed(value))) return undefined
      return whole(form[pattern]).test(collapsed(value)) ? undefined : { form: form.code, text: form.text }
    },
    es: `${field} no tiene la forma de una cuenta para la forma de pago {form} ({text}): revise cuántos dígitos tiene.`,
    en: `${field} does not have the form of an account for the payment form {form} ({text}): check how many digits it has.`
  })),
  rule({
    code: 'CRP20229', level: 'error', at: pago, field: 'TipoCadPago', source: 'matrix', check: (node, here) => node.TipoCadPago !== undefined && formOf(node, here)?.payment_chain === false ? { form: node.FormaDePagoP! } : undefined,
    es: 'Quite TipoCadPago: es de transferencias (03), y la forma de pago es {form}.', en: 'Take TipoCadPago away: it is for transfers (03), and the payment form is {form}.'
  }),
  ...proofs.flatMap(([needed, unwanted, field]) => [
    rule({ code: needed, level: 'error', at: pago, field, source: 'matrix', check: node => node.TipoCadPago !== undefined && node[field] === undefined, es: `Con TipoCadPago agregue ${field}.`, en: `With TipoCadPago add ${field}.` }),
    rule({ code: unwanted, level: 'error', at: pago, field, source: 'matrix', check: node => node.TipoCadPago === undefined && node[field] !== undefined, es: `Sin TipoCadPago no va ${field}: quítelo.`, en: `Without TipoCadPago there is no ${field}: take it away.` })
  ]),
  rule({
    code: 'CRP20999', level: 'warning', at: pago, field: 'FechaPago', source: 'guide',
    check: ({ FechaPago }, { document: { Fecha } }) => FechaPago !== undefined && Fecha !== undefined && isMoment(FechaPago) && isMoment(Fecha) && collapsed(FechaPago) > collapsed(Fecha),
    es: 'FechaPago es posterior a la Fecha del comprobante: un pago se documenta cuando ya se recibió.',
    en: 'FechaPago is after the Fecha of the document: a payment is documented once it was received.'
  }),
  rule({
    code: 'CRP20999', level: 'warning', at: pago, field: 'FechaPago', source: 'guide',
    check: ({ FechaPago = '', MonedaP }, { document: { Fecha = '' } }) => {
      if (MonedaP === undefined || !isMoment(FechaPago) || !isMoment(Fecha)) return undefined
      const [year, month] = collapsed(FechaPago).split('-').map(Number) as [number, number]
      const deadline = new Date(Date.UTC(year, month, 5)).toISOString().slice(0, 10)
      return collapsed(Fecha).slice(0, 10) > deadline ? { deadline } : undefined
    },
    es: 'El complemento de este pago debía emitirse a más tardar el {deadline} (día 5 del mes siguiente): se puede timbrar, y es extemporáneo.',
    en: 'The complement of this payment was due by {deadline} (the 5th of the following month): it can be stamped, and it is late.'
  })
]

const isMoment = (text: string): boolean => /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/.test(collapsed(text))

// ---- Each document that is paid (CRP20236 to 20248, 20278, 20279).

const balances: readonly [code: string, field: 'ImpSaldoAnt' | 'ImpPagado' | 'ImpSaldoInsoluto'][] = [['CRP20240', 'ImpSaldoAnt'], ['CRP20242', 'ImpPagado'], ['CRP20243', 'ImpSaldoInsoluto']]

const documents: readonly AnyRule[] = [
  rule({
    code: 'CRP20236', level: 'error', at: docto, field: 'MonedaDR', source: 'matrix', check: ({ MonedaDR }) => MonedaDR === 'XXX',
    es: 'MonedaDR no puede ser XXX: ponga la moneda de la factura.', en: 'MonedaDR cannot be XXX: say the currency of the invoice.'
  }),
  rule({
    code: 'CRP20237', level: 'error', at: docto, field: 'EquivalenciaDR', source: 'matrix',
    check: ({ MonedaDR, EquivalenciaDR }, { pago: { MonedaP } }) => EquivalenciaDR === undefined && MonedaDR !== undefined && MonedaP !== undefined && MonedaDR !== MonedaP ? { from: MonedaP, to: MonedaDR } : undefined,
    es: 'Agregue EquivalenciaDR: cuántos {to} son un {from}.', en: 'Add EquivalenciaDR: how many {to} are one {from}.'
  }),
  rule({
    code: 'CRP20238', level: 'error', at: docto, field: 'EquivalenciaDR', source: 'matrix',
    check: (node, { pago }) => sameCurrency(pago, node) && (node.EquivalenciaDR === undefined || number(node.EquivalenciaDR)?.equals(1) === false),
    es: 'La factura y el pago son de la misma moneda: EquivalenciaDR debe ser "1".', en: 'The invoice and the payment are of the same currency: EquivalenciaDR must be "1".'
  }),
  rule({
    code: 'CRP20238', level: 'warning', at: docto, field: 'EquivalenciaDR', source: 'pac',
    check: (node, { pago }) => sameCurrency(pago, node) && number(node.EquivalenciaDR)?.equals(1) === true && collapsed(node.EquivalenciaDR!) !== '1' ? { found: node.EquivalenciaDR! } : undefined,
    es: 'Escriba EquivalenciaDR "1" y no "{found}" (así se pidió solo unos días de enero de 2024).', en: 'Write EquivalenciaDR "1" and not "{found}" (which was asked for only some days of January 2024).'
  }),
  ...([['CRP20239', 'ImpSaldoAnt'], ['CRP20241', 'ImpPagado']] as const).map(([code, field]) => rule({
    code, level: 'error', at: docto, field, source: 'matrix', check: node => isZero(node[field]), es: `${field} debe ser mayor que cero.`, en: `${field} must be more than zero.`
  })),
  ...balances.map(([code, field]) => rule({
    code, level: 'error', at: docto, field, source: 'matrix', check: (node, here) => tooPrecise(node[field], decimalsOf(node.MonedaDR, here)),
    es: `${field} debe tener como máximo {decimals} decimales, los de MonedaDR.`, en: `${field} must have at most {decimals} decimals, those of MonedaDR.`
  })),
  rule({
    code: 'CRP20244', level: 'error', at: docto, field: 'ImpSaldoInsoluto', source: 'matrix',
    check: ({ ImpSaldoAnt, ImpPagado, ImpSaldoInsoluto }) => {
      const [before, amount, after] = [number(ImpSaldoAnt), number(ImpPagado), number(ImpSaldoInsoluto)]
      if (before === undefined || amount === undefined || after === undefined) return undefined
      const expected = before.minus(amount)
      return expected.isNegative() || !after.equals(expected) ? { found: ImpSaldoInsoluto!, before: ImpSaldoAnt!, paid: ImpPagado!, expected: shown(expected) } : undefined
    },
    es: 'ImpSaldoInsoluto dice {found}; {before} − {paid} da {expected}, que no puede ser menos de cero.',
    en: 'ImpSaldoInsoluto says {found}; {before} − {paid} is {expected}, which cannot be less than zero.'
  }),
  rule({
    code: 'CRP20246', level: 'error', at: docto, field: 'ImpuestosDR', source: 'matrix', check: ({ ObjetoImpDR, ImpuestosDR }) => ObjetoImpDR === '02' && ImpuestosDR === undefined,
    es: 'ObjetoImpDR "02" pide los impuestos del pago: agregue ImpuestosDR, o cambie ObjetoImpDR.', en: 'ObjetoImpDR "02" asks for the taxes of the payment: add ImpuestosDR, or change ObjetoImpDR.'
  }),
  rule({
    code: 'CRP20247', level: 'error', at: docto, field: 'ImpuestosDR', source: 'matrix', check: ({ ObjetoImpDR, ImpuestosDR }) => ImpuestosDR !== undefined && ObjetoImpDR !== undefined && ['01', '03', '04', '05'].includes(ObjetoImpDR) ? { object: ObjetoImpDR } : undefined,
    es: 'Con ObjetoImpDR "{object}" no hay ImpuestosDR: quítelos, o ponga "02".', en: 'With ObjetoImpDR "{object}" there are no ImpuestosDR: take them away, or say "02".'
  }),
  rule({
    code: 'CRP20278', level: 'error', at: docto, field: 'ImpuestosDR', source: 'matrix',
    check: ({ ObjetoImpDR = '', ImpuestosDR }) => ['06', '08'].includes(ObjetoImpDR) && taxesDR(ImpuestosDR).some(tax => tax === '002' || tax === '003') ? { object: ObjetoImpDR } : undefined,
    es: 'Con ObjetoImpDR "{object}" no se desglosan IVA (002) ni IEPS (003); solo puede haber retención de ISR.', en: 'With ObjetoImpDR "{object}" neither IVA (002) nor IEPS (003) is itemised; there may only be withheld ISR.'
  }),
  rule({
    code: 'CRP20279', level: 'error', at: docto, field: 'ImpuestosDR', source: 'matrix',
    check: ({ ObjetoImpDR, ImpuestosDR }) => ObjetoImpDR === '07' && (taxesDR(ImpuestosDR).includes('002') || !(ImpuestosDR?.TrasladosDR ?? []).some(({ ImpuestoDR }) => ImpuestoDR === '003')),
    es: 'Con ObjetoImpDR "07" se desglosa el IEPS (003) y no el IVA (002).', en: 'With ObjetoImpDR "07" IEPS (003) is itemised and IVA (002) is not.'
  }),
  rule({
    code: 'CRP20248', level: 'error', at: 'Complemento.Pagos.Pago[].DoctoRelacionado[].ImpuestosDR', field: '', source: 'matrix', check: node => taxesDR(node).length === 0,
    es: 'ImpuestosDR está vacío: agregue traslados o retenciones, o quítelo.', en: 'ImpuestosDR is empty: add transferred or withheld taxes, or take it away.'
  })
]

function taxesDR (taxes: Docto['ImpuestosDR']): (string | undefined)[] {
  return [...(taxes?.TrasladosDR ?? []), ...(taxes?.RetencionesDR ?? [])].map(({ ImpuestoDR }) => ImpuestoDR)
}

// ---- Taxes of the documents and of the payment (CRP20249 to 20274).

const sixDecimals = (rate: string | undefined): Broken | undefined => number(rate) !== undefined && placesOf(rate!) !== 6 ? { rate: rate!, better: number(rate)!.toFixed(6) } : undefined

/** The taxes of all documents of the payment that are of the same kind, in its currency. */
function converted (payment: Pago, rowsOf: (document: Docto) => (string | undefined)[]): { any: boolean, total: Decimal | undefined } {
  let total: Decimal | undefined = zero
  let any = false
  for (const document of payment.DoctoRelacionado ?? []) {
    const divisor = number(document.EquivalenciaDR ?? (sameCurrency(payment, document) ? '1' : undefined))
    for (const text of rowsOf(document)) {
      any = true
      const value = number(text)
      total = total === undefined || value === undefined || divisor === undefined || divisor.isZero() ? undefined : total.plus(value.dividedBy(divisor))
    }
  }
  return { any, total }
}

interface KindOfTax { Impuesto?: string | undefined, TipoFactor?: string | undefined, TasaOCuota?: string | undefined }
const keyOf = ({ Impuesto = '', TipoFactor = '', TasaOCuota }: KindOfTax): string => `${Impuesto} ${TipoFactor} ${TipoFactor === 'Exento' ? '' : number(TasaOCuota)?.toFixed() ?? TasaOCuota ?? ''}`
const keyOfP = ({ ImpuestoP, TipoFactorP, TasaOCuotaP }: TrasladoP): string => keyOf({ Impuesto: ImpuestoP, TipoFactor: TipoFactorP, TasaOCuota: TasaOCuotaP })
const transferredDR = (key: string, value: 'BaseDR' | 'ImporteDR') => ({ ImpuestosDR }: Docto): (string | undefined)[] =>
  (ImpuestosDR?.TrasladosDR ?? []).filter(({ ImpuestoDR, TipoFactorDR, TasaOCuotaDR }) => keyOf({ Impuesto: ImpuestoDR, TipoFactor: TipoFactorDR, TasaOCuota: TasaOCuotaDR }) === key).map(row => row[value])
const withheldDR = (tax: string) => ({ ImpuestosDR }: Docto): (string | undefined)[] => (ImpuestosDR?.RetencionesDR ?? []).filter(({ ImpuestoDR }) => ImpuestoDR === tax).map(({ ImporteDR }) => ImporteDR)

/** Rounded, not cut, to the decimals that it is written with, and never coarser than its currency (CfdiUtils PR#112). */
function differs (found: string | undefined, { total }: { total: Decimal | undefined }, currencyPlaces: number | undefined): Broken | undefined {
  const value = number(found)
  if (value === undefined || total === undefined) return undefined
  const expected = round(total, Math.max(placesOf(found!), currencyPlaces ?? 2))
  return value.equals(expected) ? undefined : { found: found!, expected: shown(expected) }
}

const sumSentence = (field: string) => ({
  es: `${field} dice {found}; los de los documentos, en la moneda del pago, suman {expected}.`,
  en: `${field} says {found}; those of the documents, in the currency of the payment, add up to {expected}.`
})

const taxes: readonly AnyRule[] = [
  rule({
    code: 'CRP20252', level: 'error', at: retencionDR, field: 'TipoFactorDR', source: 'matrix', check: ({ TipoFactorDR }) => TipoFactorDR === 'Exento',
    es: 'Una retención no puede ser Exento: use Tasa o Cuota, o quítela.', en: 'A withheld tax cannot be Exento: use Tasa or Cuota, or take it away.'
  }),
  rule({ code: 'CRP20253', level: 'error', at: retencionDR, field: 'TasaOCuotaDR', source: 'matrix', check: ({ ImpuestoDR, TipoFactorDR, TasaOCuotaDR }, here) => rateOutside(ImpuestoDR, TipoFactorDR, TasaOCuotaDR, 'withheld', here), ...rateSentence }),
  rule({ code: 'CRP20253', level: 'warning', at: retencionDR, field: 'TasaOCuotaDR', source: 'pac', check: ({ TasaOCuotaDR }) => sixDecimals(TasaOCuotaDR), ...sixSentence }),
  rule({ code: 'CRP20254', level: 'error', at: retencionDR, field: 'ImporteDR', source: 'matrix', check: ({ BaseDR, TasaOCuotaDR, ImporteDR }) => taxOutside(BaseDR, TasaOCuotaDR, ImporteDR), ...taxSentence }),
  rule({
    code: 'CRP20258', level: 'error', at: trasladoDR, field: 'TipoFactorDR', source: 'matrix', check: ({ TipoFactorDR, TasaOCuotaDR, ImporteDR }) => TipoFactorDR === 'Exento' && (TasaOCuotaDR !== undefined || ImporteDR !== undefined),
    es: 'Un traslado Exento no lleva TasaOCuotaDR ni ImporteDR: quítelos.', en: 'A transferred tax that is Exento has neither TasaOCuotaDR nor ImporteDR: take them away.'
  }),
  rule({
    code: 'CRP20259', level: 'error', at: trasladoDR, field: 'TipoFactorDR', source: 'matrix',
    check: ({ TipoFactorDR, TasaOCuotaDR, ImporteDR }) => (TipoFactorDR === 'Tasa' || TipoFactorDR === 'Cuota') && (TasaOCuotaDR === undefined || ImporteDR === undefined) ? { factor: TipoFactorDR } : undefined,
    es: 'Con TipoFactorDR {factor} deben estar TasaOCuotaDR e ImporteDR.', en: 'With TipoFactorDR {factor} there must be TasaOCuotaDR and ImporteDR.'
  }),
  rule({ code: 'CRP20260', level: 'error', at: trasladoDR, field: 'TasaOCuotaDR', source: 'matrix', check: ({ ImpuestoDR, TipoFactorDR, TasaOCuotaDR }, here) => rateOutside(ImpuestoDR, TipoFactorDR, TasaOCuotaDR, 'transferred', here), ...rateSentence }),
  rule({ code: 'CRP20260', level: 'warning', at: trasladoDR, field: 'TasaOCuotaDR', source: 'pac', check: ({ TasaOCuotaDR }) => sixDecimals(TasaOCuotaDR), ...sixSentence }),
  rule({ code: 'CRP20261', level: 'error', at: trasladoDR, field: 'ImporteDR', source: 'matrix', check: ({ BaseDR, TasaOCuotaDR, ImporteDR }) => taxOutside(BaseDR, TasaOCuotaDR, ImporteDR), ...taxSentence }),

  rule({
    code: 'CRP20263', level: 'error', at: retencionP, field: 'ImpuestoP', source: 'matrix',
    check: (node, { pago }) => node.ImpuestoP !== undefined && pago.ImpuestosP?.RetencionesP?.find(({ ImpuestoP }) => ImpuestoP === node.ImpuestoP) !== node ? { tax: node.ImpuestoP } : undefined,
    es: 'El impuesto {tax} está en más de una retención del pago: júntelas en una.', en: 'The tax {tax} is in more than one withheld tax of the payment: put them into one.'
  }),
  rule({ code: 'CRP20265', level: 'error', at: retencionP, field: 'ImporteP', source: 'matrix', check: ({ ImpuestoP = '', ImporteP }, here) => differs(ImporteP, converted(here.pago, withheldDR(ImpuestoP)), decimalsOf(here.pago.MonedaP, here)), ...sumSentence('ImporteP') }),
  rule({
    code: 'CRP20265', level: 'error', at: pago, field: 'ImpuestosP', source: 'matrix',
    check: node => {
      const missing = ['001', '002', '003'].find(tax => converted(node, withheldDR(tax)).any && !(node.ImpuestosP?.RetencionesP ?? []).some(({ ImpuestoP }) => ImpuestoP === tax))
      return missing === undefined ? undefined : { tax: missing }
    },
    es: 'Los documentos retienen el impuesto {tax} y falta su RetencionP en los ImpuestosP del pago.', en: 'The documents withhold the tax {tax} and its RetencionP is missing in the ImpuestosP of the payment.'
  }),
  ...([['CRP20268', false], ['CRP20269', true]] as const).map(([code, exempt]) => rule({
    code, level: 'error', at: trasladoP, field: 'BaseP', source: 'matrix',
    check: (node, here) => (node.TipoFactorP === 'Exento') !== exempt ? undefined : differs(node.BaseP, converted(here.pago, transferredDR(keyOfP(node), 'BaseDR')), decimalsOf(here.pago.MonedaP, here)),
    ...sumSentence('BaseP')
  })),
  rule({
    code: 'CRP20268', level: 'error', at: pago, field: 'ImpuestosP', source: 'matrix',
    check: node => {
      const totalled = new Set((node.ImpuestosP?.TrasladosP ?? []).map(keyOfP))
      const missing = (node.DoctoRelacionado ?? []).flatMap(({ ImpuestosDR }) => ImpuestosDR?.TrasladosDR ?? [])
        .map(({ ImpuestoDR, TipoFactorDR, TasaOCuotaDR }) => keyOf({ Impuesto: ImpuestoDR, TipoFactor: TipoFactorDR, TasaOCuota: TasaOCuotaDR })).find(key => !totalled.has(key))
      return missing === undefined ? undefined : { tax: missing.trim() }
    },
    es: 'Los documentos trasladan {tax} y falta su TrasladoP en los ImpuestosP del pago.', en: 'The documents transfer {tax} and its TrasladoP is missing in the ImpuestosP of the payment.'
  }),
  rule({
    code: 'CRP20271', level: 'error', at: trasladoP, field: 'ImpuestoP', source: 'matrix', check: (node, { pago }) => pago.ImpuestosP?.TrasladosP?.find(other => keyOfP(other) === keyOfP(node)) !== node,
    es: 'El mismo impuesto, factor y tasa está en más de un traslado del pago: júntelos en uno.', en: 'The same tax, factor and rate is in more than one transferred tax of the payment: put them into one.'
  }),
  rule({ code: 'CRP20272', level: 'error', at: trasladoP, field: 'TasaOCuotaP', source: 'matrix', check: ({ ImpuestoP, TipoFactorP, TasaOCuotaP }, here) => rateOutside(ImpuestoP, TipoFactorP, TasaOCuotaP, 'transferred', here), ...rateSentence }),
  rule({ code: 'CRP20272', level: 'warning', at: trasladoP, field: 'TasaOCuotaP', source: 'pac', check: ({ TasaOCuotaP }) => sixDecimals(TasaOCuotaP), ...sixSentence }),
  rule({
    code: 'CRP20274', level: 'error', at: trasladoP, field: 'ImporteP', source: 'matrix',
    check: (node, here) => node.TipoFactorP === 'Exento' ? undefined : differs(node.ImporteP, converted(here.pago, transferredDR(keyOfP(node), 'ImporteDR')), decimalsOf(here.pago.MonedaP, here)),
    ...sumSentence('ImporteP')
  }),
  rule({
    code: 'CRP20274', level: 'error', at: trasladoP, field: 'ImporteP', source: 'xsd',
    check: ({ TipoFactorP, TasaOCuotaP, ImporteP }) => (TipoFactorP === 'Tasa' || TipoFactorP === 'Cuota') && (TasaOCuotaP === undefined || ImporteP === undefined) ? { factor: TipoFactorP } : undefined,
    es: 'Con TipoFactorP {factor} deben estar TasaOCuotaP e ImporteP.', en: 'With TipoFactorP {factor} there must be TasaOCuotaP and ImporteP.'
  })
]

/** Complemento de recepción de pagos 2.0, and the document that carries it. */
export const paymentRules: readonly AnyRule[] = [...envelope, ...totals, ...payments, ...documents, ...taxes]
