import PDFDocument from 'pdfkit'
import { Decimal, sum } from '../fiscal/decimal.ts'
import { ecuadorZone } from '../fiscal/ec/clock.ts'
import { allAt, headOf, type Read, readComprobante, textAt } from '../fiscal/ec/read.ts'
import { paymentForms, taxNames, typeOfCode, untaxed, withheldNames } from '../fiscal/ec/tables.ts'
import { zonedTime } from '../fiscal/xades/time.ts'
import { attribute, textOf, type XmlElement } from '../fiscal/xml/element.ts'
import { code128 } from './code128.ts'
import type { PrintOptions } from './pdf.ts'

const margin = 32
const gap = 8

/**
 * RIDE: the printed representation of an authorised comprobante, with all that the Ficha Técnica v2.34 (§9) lists and the clave de
 * acceso as a barcode. It is made from the comprobante alone and the moment of its authorisation; its words are those of the law,
 * in Spanish whatever the language.
 */
export async function printRide (xml: Uint8Array, { size = 'LETTER', colour = '#1f3a5f', footer, logo, canceled = false, authorizedAt }: PrintOptions): Promise<Buffer> {
  const read = readComprobante(xml)
  const { type, at } = read
  const head = headOf(read)
  const of = (name: string): string => textAt(head, name)
  const clave = at('infoTributaria', 'claveAcceso')
  const number = `${at('infoTributaria', 'estab')}-${at('infoTributaria', 'ptoEmi')}-${at('infoTributaria', 'secuencial')}`

  const doc = new PDFDocument({ size, margin, bufferPages: true, info: { Title: `${type.es} ${number}`, Author: at('infoTributaria', 'razonSocial'), Subject: clave } })
  const chunks: Buffer[] = []
  doc.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = new Promise<void>(resolve => { doc.on('end', resolve) })
  const width = doc.page.width - 2 * margin
  const bottom = (): number => doc.page.height - margin - 24
  const room = (height: number): void => { if (doc.y + height > bottom()) doc.addPage() }
  const line = (text: string, x: number, wide: number, { bold = false, points = 8 } = {}): void => { doc.font(bold ? 'Helvetica-Bold' : 'Helvetica').fontSize(points).fillColor('#000000').text(text, x, doc.y, { width: wide }) }
  const pair = (label: string, value: string, x: number, wide: number): void => {
    if (value === '') return
    doc.font('Helvetica-Bold').fontSize(8).fillColor('#555555').text(`${label}: `, x, doc.y, { width: wide, continued: true }).font('Helvetica').fillColor('#000000').text(value)
  }
  const heading = (text: string): void => {
    room(48)
    doc.moveDown(0.7).font('Helvetica-Bold').fontSize(9).fillColor(colour).text(text, margin, doc.y, { width })
    doc.moveTo(margin, doc.y + 1).lineTo(margin + width, doc.y + 1).lineWidth(0.7).strokeColor(colour).stroke()
    doc.moveDown(0.35).fillColor('#000000')
  }

  // --- who issued it, and what it is ------------------------------------------------------------------------------------
  const top = doc.y
  const half = (width - gap) / 2
  const [left, right] = [margin, margin + half + gap]
  if (logo !== undefined) {
    doc.image(logo.bytes, left + 6, top, { fit: [half - 12, 56] })
    doc.y = top + 62
  }
  doc.y += 4
  line(at('infoTributaria', 'razonSocial'), left + 6, half - 12, { bold: true, points: 11 })
  if (at('infoTributaria', 'nombreComercial') !== '') line(at('infoTributaria', 'nombreComercial'), left + 6, half - 12, { points: 9 })
  doc.moveDown(0.3)
  for (const [label, value] of [
    ['Dirección matriz', at('infoTributaria', 'dirMatriz')], ['Dirección establecimiento', of('dirEstablecimiento')], ['Contribuyente especial Nro', of('contribuyenteEspecial')],
    ['OBLIGADO A LLEVAR CONTABILIDAD', of('obligadoContabilidad')], ['Agente de retención Resolución No.', at('infoTributaria', 'agenteRetencion')]
  ] as const) pair(label, value, left + 6, half - 12)
  if (at('infoTributaria', 'contribuyenteRimpe') !== '') line(at('infoTributaria', 'contribuyenteRimpe'), left + 6, half - 12, { bold: true })
  const endLeft = doc.y

  doc.y = top + 4
  pair('R.U.C.', at('infoTributaria', 'ruc'), right + 6, half - 12)
  line(type.es, right + 6, half - 12, { bold: true, points: 12 })
  pair('No.', number, right + 6, half - 12)
  pair('NÚMERO DE AUTORIZACIÓN', clave, right + 6, half - 12)
  pair('FECHA Y HORA DE AUTORIZACIÓN', authorizedAt === undefined ? '' : zonedTime(authorizedAt, ecuadorZone).replace('T', ' '), right + 6, half - 12)
  pair('AMBIENTE', at('infoTributaria', 'ambiente') === '2' ? 'PRODUCCIÓN' : 'PRUEBAS', right + 6, half - 12)
  pair('EMISIÓN', 'NORMAL', right + 6, half - 12)
  line('CLAVE DE ACCESO', right + 6, half - 12, { bold: true })
  barcode(doc, clave, right + 6, doc.y + 2, half - 12)
  doc.y += 32
  doc.font('Courier').fontSize(7).text(clave, right + 6, doc.y, { width: half - 12, align: 'center' })
  const end = Math.max(endLeft, doc.y) + 6
  for (const x of [left, right]) doc.roundedRect(x, top - 2, half, end - top + 2, 4).lineWidth(0.7).strokeColor(colour).stroke()
  doc.y = end + 4

  // --- for whom ---------------------------------------------------------------------------------------------------------
  const about: readonly (readonly [string, string])[] = parties(read, head)
  for (const [label, value] of about) {
    room(12)
    pair(label, value, margin, width)
  }

  // --- what -------------------------------------------------------------------------------------------------------------
  const table = (columns: readonly (readonly [string, number, ('left' | 'right')?])[], rows: readonly (readonly string[])[]): void => {
    const unit = width / columns.reduce((all, [, share]) => all + share, 0)
    const draw = (cells: readonly string[], bold: boolean): void => {
      doc.font(bold ? 'Helvetica-Bold' : 'Helvetica').fontSize(7)
      const height = Math.max(...cells.map((cell, index) => doc.heightOfString(cell || ' ', { width: columns[index]![1] * unit - 6 }))) + 4
      if (doc.y + height > bottom()) {
        doc.addPage()
        if (!bold) draw(columns.map(([name]) => name), true)
        doc.font(bold ? 'Helvetica-Bold' : 'Helvetica').fontSize(7)
      }
      const y = doc.y
      let x = margin
      for (const [index, [, share, align = 'left']] of columns.entries()) {
        doc.fillColor(bold ? '#555555' : '#000000').text(cells[index]!, x + 3, y + 2, { width: share * unit - 6, align })
        doc.rect(x, y, share * unit, height).lineWidth(0.3).strokeColor('#999999').stroke()
        x += share * unit
      }
      doc.y = y + height
      doc.x = margin
    }
    draw(columns.map(([name]) => name), true)
    for (const row of rows) draw(row, false)
  }
  doc.moveDown(0.6)
  contents(read, table)

  // --- how much, and what else --------------------------------------------------------------------------------------------
  const amounts = amountsOf(read, head)
  const fields = read.all('infoAdicional', 'campoAdicional')
  const paid = allAt(head, 'pagos', 'pago')
  room(Math.min(300, 30 + 12 * Math.max(amounts.length, fields.length + paid.length + 2)))
  const from = doc.y + 6
  doc.y = from
  if (amounts.length > 0) {
    for (const [label, value] of amounts) {
      const y = doc.y
      const last = label === 'VALOR TOTAL' || label === 'TOTAL RETENIDO'
      doc.font(last ? 'Helvetica-Bold' : 'Helvetica').fontSize(last ? 9 : 8).fillColor('#000000').text(label, margin + half + 40, y, { width: half - 110 }).text(value, margin + width - 80, y, { width: 80, align: 'right' })
      doc.y = Math.max(doc.y, y + 11)
    }
  }
  const endAmounts = doc.y
  doc.y = from
  if (fields.length > 0) {
    line('Información adicional', margin, half, { bold: true })
    for (const field of fields) pair(attribute(field, 'nombre') ?? '', textOf(field), margin, half + 20)
  }
  if (paid.length > 0) {
    doc.moveDown(0.5)
    line('Forma de pago', margin, half, { bold: true })
    for (const one of paid) pair(`${textAt(one, 'formaPago')} ${paymentForms[textAt(one, 'formaPago')] ?? ''}`.trim(), [grouped(textAt(one, 'total')), [textAt(one, 'plazo'), textAt(one, 'unidadTiempo')].filter(Boolean).join(' ')].filter(Boolean).join(' · '), margin, half + 20)
  }
  // Many fields may have gone over to another page: what follows stands below both.
  doc.y = doc.y < from ? doc.y : Math.max(doc.y, endAmounts)
  if (footer !== undefined && footer !== '') {
    heading('')
    doc.font('Helvetica').fontSize(7.5).fillColor('#333333').text(footer, margin, doc.y, { width })
  }

  const { count } = doc.bufferedPageRange()
  for (let page = 0; page < count; page++) {
    doc.switchToPage(page)
    doc.page.margins.bottom = 0
    doc.font('Helvetica').fontSize(7).fillColor('#555555').text(`${type.es} ${number}   ${page + 1}/${count}`, margin, doc.page.height - margin - 8, { width, align: 'center', lineBreak: false })
    const across = canceled ? 'ANULADO' : at('infoTributaria', 'ambiente') === '2' ? '' : 'SIN VALIDEZ TRIBUTARIA'
    if (across !== '') doc.save().rotate(-35, { origin: [doc.page.width / 2, doc.page.height / 2] }).font('Helvetica-Bold').fontSize(canceled ? 76 : 40).fillColor('#b00020', canceled ? 0.22 : 0.1).text(across, 0, doc.page.height / 2 - 40, { width: doc.page.width, align: 'center', lineBreak: false }).restore()
  }
  doc.end()
  await ended
  return Buffer.concat(chunks)
}

function barcode (doc: PDFKit.PDFDocument, digits: string, x: number, y: number, wide: number): void {
  const widths = code128(digits)
  const module = wide / (widths.reduce((all, one) => all + one, 0) + 20)
  let at = x + 10 * module
  doc.save().fillColor('#000000')
  for (const [index, one] of widths.entries()) {
    if (index % 2 === 0) doc.rect(at, y, one * module, 28)
    at += one * module
  }
  doc.fill().restore()
}

/** Buyer, supplier, carrier … by kind, with the document that a note changes. */
function parties ({ type, all }: Read, head: XmlElement): (readonly [string, string])[] {
  const of = (...path: string[]): string => textAt(head, ...path)
  const cites = (): (readonly [string, string])[] => [
    ['Comprobante que se modifica', `${typeOfCode(of('codDocModificado'))?.es ?? of('codDocModificado')} ${of('numDocModificado')}`], ['Fecha emisión (comprobante a modificar)', of('fechaEmisionDocSustento')], ['Razón de modificación', of('motivo')]
  ]
  switch (type.code) {
    case '03': return [['Nombres y apellidos (proveedor)', of('razonSocialProveedor')], ['Identificación', of('identificacionProveedor')], ['Fecha', of('fechaEmision')], ['Dirección', of('direccionProveedor')]]
    case '06': {
      const [to] = all('destinatarios', 'destinatario')
      const there = (name: string): string => to === undefined ? '' : textAt(to, name)
      return [
        ['Identificación (transportista)', of('rucTransportista')], ['Razón social / Nombres y apellidos', of('razonSocialTransportista')], ['Placa', of('placa')], ['Punto de partida', of('dirPartida')],
        ['Fecha inicio transporte', of('fechaIniTransporte')], ['Fecha fin transporte', of('fechaFinTransporte')], ['Comprobante de venta', [typeOfCode(there('codDocSustento'))?.es, there('numDocSustento'), there('fechaEmisionDocSustento')].filter(Boolean).join(' ')],
        ['Número de autorización', there('numAutDocSustento')], ['Motivo traslado', there('motivoTraslado')], ['Destino (punto de llegada)', there('dirDestinatario')], ['Identificación (destinatario)', there('identificacionDestinatario')],
        ['Razón social (destinatario)', there('razonSocialDestinatario')], ['Documento aduanero', there('docAduaneroUnico')], ['Código establecimiento destino', there('codEstabDestino')], ['Ruta', there('ruta')]
      ]
    }
    case '07': return [['Razón social / Nombres y apellidos', of('razonSocialSujetoRetenido')], ['Identificación', of('identificacionSujetoRetenido')], ['Fecha', of('fechaEmision')], ['Período fiscal', of('periodoFiscal')]]
    default: return [
      ['Razón social / Nombres y apellidos', of('razonSocialComprador')], ['Identificación', of('identificacionComprador')], ['Fecha', of('fechaEmision')], ['Guía', of('guiaRemision')], ['Dirección', of('direccionComprador')], ['Placa', of('placa')],
      ...type.code === '04' || type.code === '05' ? cites() : []
    ]
  }
}

type Table = (columns: readonly (readonly [string, number, ('left' | 'right')?])[], rows: readonly (readonly string[])[]) => void

function contents ({ type, all }: Read, table: Table): void {
  const more = (line: XmlElement): string => allAt(line, 'detallesAdicionales', 'detAdicional').map(one => `${attribute(one, 'nombre') ?? ''}: ${attribute(one, 'valor') ?? ''}`).join('\n')
  if (type.code === '05') return table([['Razón de la modificación', 8], ['Valor de la modificación', 2, 'right']], all('motivos', 'motivo').map(one => [textAt(one, 'razon'), grouped(textAt(one, 'valor'))]))
  if (type.code === '07') {
    return table([['Comprobante', 4], ['Fecha emisión', 2], ['Base imponible', 2, 'right'], ['Impuesto', 3], ['Código', 1], ['% retención', 1.5, 'right'], ['Valor retenido', 2, 'right']],
      all('docsSustento', 'docSustento').flatMap(document => allAt(document, 'retenciones', 'retencion').map(one => [
        `${typeOfCode(textAt(document, 'codDocSustento'))?.es ?? textAt(document, 'codDocSustento')} ${textAt(document, 'numDocSustento')}`, textAt(document, 'fechaEmisionDocSustento'), grouped(textAt(one, 'baseImponible')), withheldNames[textAt(one, 'codigo')] ?? '',
        textAt(one, 'codigoRetencion'), textAt(one, 'porcentajeRetener'), grouped(textAt(one, 'valorRetenido'))
      ])))
  }
  if (type.code === '06') {
    return table([['Cantidad', 1.5, 'right'], ['Descripción', 6], ['Código principal', 2], ['Código auxiliar', 2], ['Detalle adicional', 3]],
      all('destinatarios', 'destinatario').flatMap(to => allAt(to, 'detalles', 'detalle')).map(line => [textAt(line, 'cantidad'), textAt(line, 'descripcion'), textAt(line, 'codigoInterno'), textAt(line, 'codigoAdicional'), more(line)]))
  }
  const [main, other] = type.code === '04' ? ['codigoInterno', 'codigoAdicional'] as const : ['codigoPrincipal', 'codigoAuxiliar'] as const
  table([['Cod. principal', 2], ['Cod. auxiliar', 2], ['Cantidad', 1.5, 'right'], ['Descripción', 6], ['Detalle adicional', 3], ['Precio unitario', 2, 'right'], ['Descuento', 1.7, 'right'], ['Precio total', 2, 'right']],
    all('detalles', 'detalle').map(line => [textAt(line, main), textAt(line, other), textAt(line, 'cantidad'), textAt(line, 'descripcion'), more(line), grouped(textAt(line, 'precioUnitario')), grouped(textAt(line, 'descuento')), grouped(textAt(line, 'precioTotalSinImpuesto'))]))
  const collected = all('otrosRubrosTerceros', 'rubro')
  if (collected.length > 0) table([['Otros rubros de terceros', 8], ['Total', 2, 'right']], collected.map(one => [textAt(one, 'concepto'), grouped(textAt(one, 'total'))]))
}

/** Subtotals per rate, those without IVA too, then what comes on top. */
function amountsOf ({ type, all }: Read, head: XmlElement): (readonly [string, string])[] {
  const of = (name: string): string => textAt(head, name)
  if (type.code === '06') return []
  if (type.code === '07') {
    const withheld = all('docsSustento', 'docSustento').flatMap(document => allAt(document, 'retenciones', 'retencion')).map(one => new Decimal(textAt(one, 'valorRetenido')))
    return [['TOTAL RETENIDO', grouped(sum(withheld).toFixed(2))]]
  }
  const taxes = allAt(head, 'totalConImpuestos', 'totalImpuesto').concat(allAt(head, 'impuestos', 'impuesto'))
    .map(tax => ({ code: textAt(tax, 'codigo'), rate: textAt(tax, 'codigoPorcentaje'), percent: textAt(tax, 'tarifa'), base: textAt(tax, 'baseImponible'), amount: textAt(tax, 'valor') }))
  const named = ({ rate, percent, base, amount }: typeof taxes[number]): string => untaxed[rate] ?? `${percent !== '' ? Number(percent) : Number(base) === 0 ? 0 : new Decimal(amount).times(100).div(base).toDecimalPlaces(0).toString()}%`
  const iva = taxes.filter(({ code }) => code === '2')
  return [
    ...iva.map(tax => [`SUBTOTAL ${named(tax)}`, grouped(tax.base)] as const),
    ['SUBTOTAL SIN IMPUESTOS', grouped(of('totalSinImpuestos'))],
    ['TOTAL DESCUENTO', grouped(of('totalDescuento'))],
    ...taxes.filter(({ code }) => code !== '2').map(({ code, amount }) => [taxNames[code] ?? code, grouped(amount)] as const),
    ...iva.filter(({ rate }) => untaxed[rate] === undefined && rate !== '0').map(tax => [`IVA ${named(tax)}`, grouped(tax.amount)] as const),
    ['PROPINA', grouped(of('propina'))],
    ['VALOR TOTAL', grouped(of('importeTotal') || of('valorModificacion') || of('valorTotal'))]
  ].filter((pair): pair is [string, string] => pair[1] !== '')
}

function grouped (amount: string): string {
  const [whole = '', decimals] = amount.split('.')
  return amount === '' ? '' : `${whole.replace(/\B(?=(\d{3})+$)/g, ',')}${decimals === undefined ? '' : `.${decimals}`}`
}
