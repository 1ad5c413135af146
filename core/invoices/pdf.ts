import PDFDocument from 'pdfkit'
import { catalogues } from '../fiscal/catalogues/catalogues.ts'
import { cadenaTfd } from '../fiscal/mx/cadena.ts'
import type { Comprobante } from '../fiscal/mx/model.ts'
import { readCfdi } from '../fiscal/mx/read.ts'
import { timbreOf } from '../fiscal/mx/seal.ts'
import { drawQr } from './qr.ts'

export interface PrintOptions {
  /** What the QR code holds. */
  verificationUrl: string
  language?: 'es' | 'en'
  /** Points; letter is the paper of the country. */
  size?: 'LETTER' | 'A4'
  logo?: { bytes: Buffer, type: string }
  /** `#rrggbb`, for headings and lines. */
  colour?: string
  footer?: string
  /** Cancelled: printed across every page. */
  canceled?: boolean
  /** When the authority authorised it, where the document does not say so itself. */
  authorizedAt?: Date
  /** Stamped by a PAC's sandbox: no document of law. */
  test?: boolean
}

const margin = 36
/** 2.75 cm at least (Anexo 20), printed at 3. */
const qrSide = 3 / 2.54 * 72

/**
 * The printed representation of a stamped CFDI: everything that is in it that a person reads, the texts of the catalogues
 * beside their keys, both seals, the cadena of the timbre, and the QR. It is made from the XML alone, so that it never says anything else.
 */
export async function printCfdi (xml: Uint8Array, options: PrintOptions): Promise<Buffer> {
  const { comprobante, root } = readCfdi(xml)
  const timbre = comprobante.Complemento?.TimbreFiscalDigital
  if (timbre === undefined) throw new Error('only a stamped CFDI is printed')
  const { language = 'es', size = 'LETTER', colour = '#1f3a5f', footer } = options
  const say = texts[language]
  const on = comprobante.Fecha.slice(0, 10)
  const named = (catalogue: string, key: string | undefined): string => {
    if (key === undefined || key === '') return ''
    const text = catalogues.lookup(catalogue as 'c_FormaPago', key, on)?.text
    return text === undefined ? key : `${key} ${text}`
  }
  const money = (amount: string | undefined): string => amount === undefined ? '' : grouped(amount)

  const doc = new PDFDocument({ size, margin, bufferPages: true, info: { Title: `CFDI ${timbre.UUID}`, Author: comprobante.Emisor.Nombre, Subject: timbre.UUID } })
  const chunks: Buffer[] = []
  doc.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = new Promise<void>(resolve => { doc.on('end', resolve) })
  const width = doc.page.width - 2 * margin
  const bottom = () => doc.page.height - margin - 24

  const room = (height: number): void => { if (doc.y + height > bottom()) doc.addPage() }
  const heading = (text: string): void => {
    room(40)
    doc.moveDown(0.6).font('Helvetica-Bold').fontSize(9).fillColor(colour).text(text, margin, doc.y, { width })
    doc.moveTo(margin, doc.y + 1).lineTo(margin + width, doc.y + 1).lineWidth(0.7).strokeColor(colour).stroke()
    doc.moveDown(0.35).fillColor('#000000')
  }
  const pairs = (items: readonly (readonly [string, string])[], columns = 2): void => {
    const present = items.filter(([, value]) => value !== '')
    const column = width / columns
    for (let at = 0; at < present.length; at += columns) {
      const row = present.slice(at, at + columns)
      const height = Math.max(...row.map(([label, value]) => doc.fontSize(8).font('Helvetica').heightOfString(`${label}: ${value}`, { width: column - 8 })))
      room(height)
      const y = doc.y
      for (const [index, [label, value]] of row.entries()) {
        doc.font('Helvetica-Bold').fontSize(8).fillColor('#555555').text(`${label}: `, margin + index * column, y, { width: column - 8, continued: true }).font('Helvetica').fillColor('#000000').text(value)
      }
      doc.y = y + height + 2
    }
  }
  const block = (label: string, text: string): void => {
    doc.font('Helvetica-Bold').fontSize(6.5)
    room(doc.heightOfString(text, { width }) + 14)
    doc.fillColor('#555555').text(label, margin, doc.y, { width }).font('Courier').fontSize(5.6).fillColor('#000000').text(broken(text), { width }).moveDown(0.3)
  }

  // --- who, to whom -------------------------------------------------------------------------------------------------
  const top = doc.y
  let left = margin
  if (options.logo !== undefined) {
    doc.image(options.logo.bytes, margin, top, { fit: [110, 54] })
    left += 122
  }
  const half = width / 2
  doc.font('Helvetica-Bold').fontSize(13).fillColor(colour).text(comprobante.Emisor.Nombre, left, top, { width: width - (left - margin) - 190 })
  doc.font('Helvetica').fontSize(8).fillColor('#000000').text(`RFC ${comprobante.Emisor.Rfc}`).text(named('c_RegimenFiscal', comprobante.Emisor.RegimenFiscal)).text(`${say.place}: ${comprobante.LugarExpedicion}`)
  const afterIssuer = doc.y
  const number = [comprobante.Serie, comprobante.Folio].filter(Boolean).join(' ')
  doc.font('Helvetica-Bold').fontSize(11).fillColor(colour).text(`${say.kinds[comprobante.TipoDeComprobante] ?? 'CFDI'} ${number}`, margin + width - 185, top, { width: 185, align: 'right' })
  doc.font('Helvetica').fontSize(8).fillColor('#000000').text(comprobante.Fecha.replace('T', ' '), { width: 185, align: 'right' }).text('CFDI 4.0', { width: 185, align: 'right' })
  if (options.test === true) doc.font('Helvetica-Bold').fillColor('#b00020').text(say.test, { width: 185, align: 'right' })
  doc.y = Math.max(afterIssuer, doc.y, top + (options.logo === undefined ? 0 : 58))

  heading(say.receiver)
  const { Receptor } = comprobante
  pairs([
    [say.name, Receptor.Nombre], ['RFC', Receptor.Rfc], [say.postalCode, Receptor.DomicilioFiscalReceptor], [say.regime, named('c_RegimenFiscal', Receptor.RegimenFiscalReceptor)], [say.use, named('c_UsoCFDI', Receptor.UsoCFDI)],
    [say.residence, named('c_Pais', Receptor.ResidenciaFiscal)], [say.foreignId, Receptor.NumRegIdTrib ?? '']
  ])
  const related = comprobante.CfdiRelacionados ?? []
  if (related.length > 0) {
    heading(say.related)
    pairs(related.flatMap(({ TipoRelacion, CfdiRelacionado }) => CfdiRelacionado.map(({ UUID }) => [named('c_TipoRelacion', TipoRelacion), UUID] as const)), 1)
  }
  if (comprobante.InformacionGlobal !== undefined) {
    const { Periodicidad, Meses, Año } = comprobante.InformacionGlobal
    pairs([[say.global, `${named('c_Periodicidad', Periodicidad)}, ${named('c_Meses', Meses)} ${Año}`]], 1)
  }

  // --- what -----------------------------------------------------------------------------------------------------------
  heading(say.lines)
  const columns = [['quantity', 46], ['unit', 66], ['key', 56], ['description', width - 46 - 66 - 56 - 70 - 76], ['price', 70], ['amount', 76]] as const
  const head = (): void => {
    const y = doc.y
    let x = margin
    for (const [name, wide] of columns) {
      doc.font('Helvetica-Bold').fontSize(7.5).fillColor('#555555').text(say[name], x, y, { width: wide - 4, align: ['quantity', 'price', 'amount'].includes(name) ? 'right' : 'left' })
      x += wide
    }
    doc.y = y + 12
  }
  head()
  for (const line of comprobante.Conceptos) {
    const taxes = [...(line.Impuestos?.Traslados ?? []), ...(line.Impuestos?.Retenciones ?? []).map(tax => ({ ...tax, withheld: true }))]
      .map(tax => `${'withheld' in tax ? say.withheld : say.charged} ${named('c_Impuesto', tax.Impuesto)} ${tax.TipoFactor === 'Exento' ? 'Exento' : `${percent(tax.TasaOCuota ?? '', tax.TipoFactor)} = ${money(tax.Importe)}`}`)
    const notes = [line.NoIdentificacion === undefined ? '' : `${say.sku} ${line.NoIdentificacion}`, line.Descuento === undefined ? '' : `${say.discount} ${money(line.Descuento)}`, ...taxes, named('c_ObjetoImp', line.ObjetoImp)].filter(text => text !== '')
    const cells = [grouped(line.Cantidad), [named('c_ClaveUnidad', line.ClaveUnidad), line.Unidad].filter(Boolean).join(' '), line.ClaveProdServ, line.Descripcion, money(line.ValorUnitario), money(line.Importe)]
    const wideOf = columns.map(([, wide]) => wide - 4)
    doc.font('Helvetica').fontSize(8)
    const main = Math.max(...cells.map((cell, index) => doc.heightOfString(cell, { width: wideOf[index]! })))
    const noted = doc.fontSize(6.5).heightOfString(notes.join(' · '), { width: wideOf[3]! + 140 })
    if (doc.y + main + noted > bottom()) {
      doc.addPage()
      head()
    }
    const y = doc.y
    let x = margin
    for (const [index, [name, wide]] of columns.entries()) {
      doc.font('Helvetica').fontSize(8).fillColor('#000000').text(cells[index]!, x, y, { width: wide - 4, align: ['quantity', 'price', 'amount'].includes(name) ? 'right' : 'left' })
      x += wide
    }
    doc.fontSize(6.5).fillColor('#555555').text(notes.join(' · '), margin + columns[0][1] + columns[1][1] + columns[2][1], y + main + 1, { width: wideOf[3]! + 140 })
    doc.y = y + main + noted + 5
  }

  const pagos = comprobante.Complemento?.Pagos
  if (pagos !== undefined) {
    for (const pago of pagos.Pago) {
      heading(say.payment)
      pairs([[say.date, pago.FechaPago.replace('T', ' ')], [say.form, named('c_FormaPago', pago.FormaDePagoP)], [say.amount, `${money(pago.Monto)} ${pago.MonedaP}`], [say.rate, pago.MonedaP === 'MXN' ? '' : pago.TipoCambioP ?? ''], [say.operation, pago.NumOperacion ?? '']])
      for (const paid of pago.DoctoRelacionado) {
        pairs([[say.document, `${[paid.Serie, paid.Folio].filter(Boolean).join(' ')} ${paid.IdDocumento}`], [say.part, paid.NumParcialidad], [say.before, money(paid.ImpSaldoAnt)], [say.paid, money(paid.ImpPagado)], [say.after, money(paid.ImpSaldoInsoluto)], [say.currency, paid.MonedaDR]], 2)
      }
    }
  }

  // --- how much -------------------------------------------------------------------------------------------------------
  heading(say.totals)
  const sums: (readonly [string, string])[] = comprobante.TipoDeComprobante === 'P'
    ? [[say.total, `${money(pagos?.Totales.MontoTotalPagos)} MXN`]]
    : [
        [say.subtotal, money(comprobante.SubTotal)], [say.discount, money(comprobante.Descuento)],
        ...(comprobante.Impuestos?.Traslados ?? []).map(tax => [`${named('c_Impuesto', tax.Impuesto)} ${tax.TipoFactor === 'Exento' ? 'Exento' : percent(tax.TasaOCuota ?? '', tax.TipoFactor)}`, money(tax.Importe ?? '0.00')] as const),
        ...(comprobante.Impuestos?.Retenciones ?? []).map(tax => [`${say.withheld} ${named('c_Impuesto', tax.Impuesto)}`, `-${money(tax.Importe)}`] as const),
        ...(comprobante.Complemento?.ImpuestosLocales?.TrasladosLocales ?? []).map(tax => [tax.ImpLocTrasladado, money(tax.Importe)] as const),
        ...(comprobante.Complemento?.ImpuestosLocales?.RetencionesLocales ?? []).map(tax => [`${say.withheld} ${tax.ImpLocRetenido}`, `-${money(tax.Importe)}`] as const),
        [say.total, `${money(comprobante.Total)} ${comprobante.Moneda}`]
      ]
  const start = doc.y
  pairsAt([[say.currency, named('c_Moneda', comprobante.Moneda)], [say.rate, comprobante.TipoCambio ?? ''], [say.form, named('c_FormaPago', comprobante.FormaPago)], [say.method, named('c_MetodoPago', comprobante.MetodoPago)], [say.conditions, comprobante.CondicionesDePago ?? ''], [say.export, named('c_Exportacion', comprobante.Exportacion)]], half - 12)
  const afterTerms = doc.y
  doc.y = start
  for (const [label, value] of sums.filter(([, value]) => value !== '')) {
    const last = label === say.total
    doc.font(last ? 'Helvetica-Bold' : 'Helvetica').fontSize(last ? 10 : 8)
    const y = doc.y
    doc.fillColor('#000000').text(label, margin + half, y, { width: half - 110 }).text(value, margin + width - 110, y, { width: 110, align: 'right' })
    doc.y = y + (last ? 14 : 11)
  }
  doc.y = Math.max(doc.y, afterTerms)

  // --- what proves it -------------------------------------------------------------------------------------------------
  heading(say.timbre)
  room(qrSide + 20)
  const y = doc.y
  drawQr(doc, options.verificationUrl, { x: margin, y, side: qrSide })
  doc.y = y
  pairsAt([['UUID', timbre.UUID], [say.stampedAt, timbre.FechaTimbrado.replace('T', ' ')], [say.pac, timbre.RfcProvCertif], [say.csd, comprobante.NoCertificado ?? ''], [say.satCsd, timbre.NoCertificadoSAT]], width - qrSide - 16, margin + qrSide + 14)
  doc.y = Math.max(doc.y, y + qrSide + 6)
  block(say.sello, comprobante.Sello ?? '')
  block(say.selloSat, timbre.SelloSAT)
  block(say.cadena, cadenaTfd(timbreOf(root)!))
  if (footer !== undefined && footer !== '') doc.moveDown(0.4).font('Helvetica').fontSize(7.5).fillColor('#333333').text(footer, margin, doc.y, { width })

  const { count } = doc.bufferedPageRange()
  for (let page = 0; page < count; page++) {
    doc.switchToPage(page)
    doc.page.margins.bottom = 0
    doc.font('Helvetica').fontSize(7).fillColor('#555555').text(`${say.legend}   ${page + 1}/${count}`, margin, doc.page.height - margin - 8, { width, align: 'center', lineBreak: false })
    if (options.canceled === true) doc.save().rotate(-35, { origin: [doc.page.width / 2, doc.page.height / 2] }).font('Helvetica-Bold').fontSize(76).fillColor('#b00020', 0.22).text(say.canceled, 0, doc.page.height / 2 - 40, { width: doc.page.width, align: 'center', lineBreak: false }).restore()
  }
  doc.end()
  await ended
  return Buffer.concat(chunks)

  function pairsAt (items: readonly (readonly [string, string])[], wide: number, x = margin): void {
    for (const [label, value] of items.filter(([, value]) => value !== '')) {
      doc.font('Helvetica-Bold').fontSize(8).fillColor('#555555').text(`${label}: `, x, doc.y, { width: wide, continued: true }).font('Helvetica').fillColor('#000000').text(value)
    }
  }
}

/** A seal is one word: it is given places to break at. */
const broken = (text: string): string => text.replace(/(.{130})/g, '$1\n')

function grouped (amount: string): string {
  const [whole = '0', decimals] = amount.split('.')
  return `${whole.replace(/\B(?=(\d{3})+$)/g, ',')}${decimals === undefined ? '' : `.${decimals}`}`
}

function percent (rate: string, factor: string): string {
  if (factor === 'Cuota') return rate
  const [whole = '0', decimals = ''] = rate.split('.')
  const digits = `${whole}${decimals.padEnd(6, '0')}`.replace(/^0+(?=\d)/, '').padStart(5, '0')
  return `${digits.slice(0, -4)}${`.${digits.slice(-4)}`.replace(/\.?0+$/, '')} %`
}

type Words = Record<'place' | 'receiver' | 'name' | 'postalCode' | 'regime' | 'use' | 'residence' | 'foreignId' | 'related' | 'global' | 'lines' | 'quantity' | 'unit' | 'key' | 'description' | 'price' | 'amount' | 'withheld' | 'charged' | 'sku' | 'discount' |
  'payment' | 'date' | 'form' | 'rate' | 'operation' | 'document' | 'part' | 'before' | 'paid' | 'after' | 'currency' | 'totals' | 'subtotal' | 'total' | 'method' | 'conditions' | 'export' | 'timbre' | 'stampedAt' | 'pac' | 'csd' | 'satCsd' | 'sello' | 'selloSat' | 'cadena' | 'legend' | 'canceled' | 'test', string> & { kinds: Partial<Record<Comprobante['TipoDeComprobante'], string>> }

const texts: Record<'es' | 'en', Words> = {
  es: {
    kinds: { I: 'Factura', E: 'Nota de crédito', T: 'Traslado', P: 'Recibo de pago' },
    place: 'Lugar de expedición', receiver: 'Receptor', name: 'Nombre', postalCode: 'Código postal', regime: 'Régimen', use: 'Uso del CFDI', residence: 'Residencia fiscal', foreignId: 'Registro fiscal', related: 'CFDI relacionados', global: 'Factura global',
    lines: 'Conceptos', quantity: 'Cantidad', unit: 'Unidad', key: 'Clave', description: 'Descripción', price: 'P. unitario', amount: 'Importe', withheld: 'Ret.', charged: 'Tras.', sku: 'No. id.', discount: 'Descuento',
    payment: 'Pago', date: 'Fecha', form: 'Forma de pago', rate: 'Tipo de cambio', operation: 'Núm. de operación', document: 'Documento', part: 'Parcialidad', before: 'Saldo anterior', paid: 'Pagado', after: 'Saldo insoluto', currency: 'Moneda',
    totals: 'Importes', subtotal: 'Subtotal', total: 'Total', method: 'Método de pago', conditions: 'Condiciones', export: 'Exportación', timbre: 'Timbre fiscal digital', stampedAt: 'Fecha de certificación', pac: 'RFC del proveedor de certificación',
    csd: 'No. de certificado del emisor', satCsd: 'No. de certificado del SAT', sello: 'Sello digital del CFDI', selloSat: 'Sello digital del SAT', cadena: 'Cadena original del complemento de certificación digital del SAT',
    legend: 'Este documento es una representación impresa de un CFDI', canceled: 'CANCELADO', test: 'PRUEBA, SIN VALIDEZ FISCAL'
  },
  en: {
    kinds: { I: 'Invoice', E: 'Credit note', T: 'Transfer', P: 'Payment receipt' },
    place: 'Place of issue', receiver: 'Customer', name: 'Name', postalCode: 'Postal code', regime: 'Tax regime', use: 'Use (UsoCFDI)', residence: 'Tax residence', foreignId: 'Foreign tax id', related: 'Related documents', global: 'Global invoice',
    lines: 'Lines', quantity: 'Quantity', unit: 'Unit', key: 'Key', description: 'Description', price: 'Unit price', amount: 'Amount', withheld: 'Withheld', charged: 'Tax', sku: 'SKU', discount: 'Discount',
    payment: 'Payment', date: 'Date', form: 'Form of payment', rate: 'Exchange rate', operation: 'Operation no.', document: 'Document', part: 'Part', before: 'Balance before', paid: 'Paid', after: 'Balance after', currency: 'Currency',
    totals: 'Amounts', subtotal: 'Subtotal', total: 'Total', method: 'Method of payment', conditions: 'Terms', export: 'Export', timbre: 'Timbre fiscal digital (SAT)', stampedAt: 'Certified at', pac: 'RFC of the certification provider',
    csd: 'Issuer’s certificate no.', satCsd: 'SAT certificate no.', sello: 'Digital seal of the CFDI', selloSat: 'Digital seal of the SAT', cadena: 'Cadena original of the SAT’s certification complement',
    legend: 'Este documento es una representación impresa de un CFDI', canceled: 'CANCELLED', test: 'TEST, NO FISCAL VALIDITY'
  }
}
