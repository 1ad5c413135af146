import type { Invoice, InvoiceLine, InvoiceParty } from '../../adapter/invoicing.ts'
import { betweenText, fixed, fixedText, sum } from '../decimal.ts'
import { FiscalError } from '../errors.ts'
import { element as elementOf, joined, nothing, textElement, textXml, type WrittenXml, writtenXml, type Xml } from '../xml/written.ts'
import { accessKey, codeOf } from './access-key.ts'
import { dayOf, written } from './clock.ts'
import { documentTypes, type EcKind, finalConsumer, identificationTypes, isEcKind, providerField, rimpe, withheldTaxes } from './tables.ts'
import { type EcTax, netOf, taxOf, taxTotals } from './totals.ts'

/**
 * The comprobante of an invoice whose amounts are computed and whose number is known, in the order of its schema, without namespaces
 * (Ficha Técnica v2.34, anexos 1 to 20). It is signed as it is here. Throws FiscalError `kind_not_built`, and
 * `value_invalid` where the number is missing.
 */
export function buildComprobante (invoice: Invoice): WrittenXml {
  const { kind } = invoice
  if (!isEcKind(kind)) throw new FiscalError('kind_not_built', { es: 'El SRI no tiene un comprobante de esa clase.', en: 'The SRI has no comprobante of that kind.' }, 'kind')
  const { root } = documentTypes[kind]
  const version = versionOf(invoice)
  return writtenXml(root, joined([infoTributaria(invoice, kind), ...bodies[kind](invoice), additional(invoice)]), { attributes: { id: 'comprobante', version } })
}

/** What is collected for others has a place from version 2.1.0 on. */
export const versionOf = ({ kind, ec }: Pick<Invoice, 'kind' | 'ec'>): string =>
  kind === 'invoice' && (ec?.thirdPartyItems?.length ?? 0) > 0 ? '2.1.0' : documentTypes[kind as EcKind].version

/** Of an invoice that has its number; it does not change while number, day and our reference stay. */
export function accessKeyOf ({ kind, issuer, ec, number, reference, issuedAt }: Invoice): string {
  // A guía has no date of issue in it: the one that can be compared is that of the transport.
  const day = ec?.delivery?.startsOn ?? dayOf(new Date(issuedAt))
  return accessKey({
    date: written(day).replaceAll('/', ''), document: documentTypes[kind as EcKind].code, ruc: issuer.taxId, environment: ec!.environment, establishment: ec!.establishment ?? '', point: ec!.point ?? '',
    sequential: number ?? '', code: codeOf(reference), emission: '1'
  })
}

const bodies: Record<EcKind, (invoice: Invoice) => Xml[]> = {
  invoice: invoice => [
    element('infoFactura', [
      ...issue(invoice), ...taxpayer(invoice),
      ...buyer(invoice, 'Comprador', { before: [maybe('guiaRemision', invoice.ec?.deliveryNote)] }), maybe('direccionComprador', addressOf(invoice.customer)),
      text('totalSinImpuestos', netTotal(invoice)), text('totalDescuento', invoice.totals.discount), totals(invoice, 'with rates'),
      text('propina', fixedText(invoice.ec?.tip ?? '0', 2)), text('importeTotal', invoice.totals.total), text('moneda', 'DOLAR'), maybe('placa', invoice.ec?.plate), payments(invoice)
    ]),
    details(invoice, ['codigoPrincipal', 'codigoAuxiliar']),
    invoice.ec?.thirdPartyItems?.length ? element('otrosRubrosTerceros', invoice.ec.thirdPartyItems.map(({ concept, total }) => element('rubro', [text('concepto', concept), text('total', fixedText(total, 2))]))) : nothing
  ],
  purchase_settlement: invoice => [
    element('infoLiquidacionCompra', [
      ...issue(invoice), ...taxpayer(invoice), ...buyer(invoice, 'Proveedor'), maybe('direccionProveedor', addressOf(invoice.customer)),
      text('totalSinImpuestos', netTotal(invoice)), text('totalDescuento', invoice.totals.discount), totals(invoice, 'with rates'), text('importeTotal', invoice.totals.total), text('moneda', 'DOLAR'), payments(invoice)
    ]),
    details(invoice, ['codigoPrincipal', 'codigoAuxiliar'])
  ],
  credit_note: invoice => [
    element('infoNotaCredito', [
      ...issue(invoice), ...buyer(invoice, 'Comprador'), ...taxpayer(invoice), ...modified(invoice), text('totalSinImpuestos', netTotal(invoice)), text('valorModificacion', invoice.totals.total), text('moneda', 'DOLAR'), totals(invoice, 'plain'), text('motivo', invoice.ec?.reason ?? '')
    ]),
    details(invoice, ['codigoInterno', 'codigoAdicional'])
  ],
  debit_note: invoice => [
    element('infoNotaDebito', [
      ...issue(invoice), ...buyer(invoice, 'Comprador'), ...taxpayer(invoice), ...modified(invoice), text('totalSinImpuestos', netTotal(invoice)),
      element('impuestos', taxTotals(invoice).map(tax => element('impuesto', taxFields(tax, fixed(tax.base, 2), fixed(tax.amount, 2))))), text('valorTotal', invoice.totals.total), payments(invoice)
    ]),
    element('motivos', invoice.lines.map(line => element('motivo', [text('razon', line.description), text('valor', fixed(netOf(line), 2))])))
  ],
  delivery_note: invoice => {
    const { delivery } = invoice.ec!
    const support = delivery!.support
    return [
      element('infoGuiaRemision', [
        maybe('dirEstablecimiento', invoice.issuer.ec?.establishmentAddress), text('dirPartida', delivery!.from), text('razonSocialTransportista', delivery!.carrier.name),
        text('tipoIdentificacionTransportista', identificationOf(delivery!.carrier)), text('rucTransportista', delivery!.carrier.taxId), accounting(invoice), special(invoice),
        text('fechaIniTransporte', written(delivery!.startsOn)), text('fechaFinTransporte', written(delivery!.endsOn)), text('placa', delivery!.plate)
      ]),
      element('destinatarios', [element('destinatario', [
        text('identificacionDestinatario', invoice.customer.taxId), text('razonSocialDestinatario', invoice.customer.name), text('dirDestinatario', addressOf(invoice.customer) ?? ''), text('motivoTraslado', delivery!.reason),
        maybe('docAduaneroUnico', delivery!.customsDocument), maybe('codEstabDestino', delivery!.destinationEstablishment), maybe('ruta', delivery!.route),
        ...support === undefined ? [] : [text('codDocSustento', support.document), text('numDocSustento', support.number), maybe('numAutDocSustento', support.authorization), text('fechaEmisionDocSustento', written(support.issuedOn))],
        element('detalles', invoice.lines.map(line => element('detalle', [
          maybe('codigoInterno', line.sku), maybe('codigoAdicional', line.ec?.auxiliaryCode), text('descripcion', line.description), text('cantidad', betweenText(line.quantity, 2, 6)), extraDetails(line)
        ])))
      ])])
    ]
  },
  withholding: invoice => {
    const { period, relatedParty = false, subjectType, documents } = invoice.ec!.withholding!
    return [
      element('infoCompRetencion', [
        ...issue(invoice), ...taxpayer(invoice),
        text('tipoIdentificacionSujetoRetenido', identificationOf(invoice.customer)), maybe('tipoSujetoRetenido', subjectType), text('parteRel', relatedParty ? 'SI' : 'NO'),
        text('razonSocialSujetoRetenido', invoice.customer.name), text('identificacionSujetoRetenido', invoice.customer.taxId), text('periodoFiscal', period)
      ]),
      element('docsSustento', documents.map(document => element('docSustento', [
        text('codSustento', document.support), text('codDocSustento', document.document), text('numDocSustento', document.number.replaceAll('-', '')), text('fechaEmisionDocSustento', written(document.issuedOn)),
        maybe('fechaRegistroContable', document.registeredOn === undefined ? undefined : written(document.registeredOn)), maybe('numAutDocSustento', document.authorization), text('pagoLocExt', '01'),
        text('totalSinImpuestos', fixedText(document.subtotal, 2)), text('importeTotal', fixedText(document.total, 2)),
        element('impuestosDocSustento', document.taxes.map(tax => {
          const { code, percentCode, percent } = taxOf(tax, document.issuedOn, 'ec.withholding')
          return element('impuestoDocSustento', [text('codImpuestoDocSustento', code), text('codigoPorcentaje', percentCode), text('baseImponible', fixedText(tax.base, 2)), text('tarifa', betweenText(percent, 0, 2)), text('valorImpuesto', tax.amount!)])
        })),
        element('retenciones', document.withheld.map(({ type, code, base, percent, amount }) => element('retencion', [
          text('codigo', withheldTaxes[type.toUpperCase()]!), text('codigoRetencion', code), text('baseImponible', fixedText(base, 2)), text('porcentajeRetener', betweenText(percent, 0, 2)), text('valorRetenido', amount!)
        ]))),
        element('pagos', document.payments.map(({ form, total }) => element('pago', [text('formaPago', form), text('total', fixedText(total, 2))])))
      ])))
    ]
  }
}

function infoTributaria (invoice: Invoice, kind: EcKind): Xml {
  const { issuer, ec, number } = invoice
  const { establishment, point, environment, accessKey } = ec!
  if (establishment === undefined || point === undefined || number === undefined || accessKey === undefined) throw new FiscalError('value_invalid', { es: 'El comprobante aún no tiene su número.', en: 'The comprobante has no number yet.' }, 'number')
  return element('infoTributaria', [
    text('ambiente', environment), text('tipoEmision', '1'), text('razonSocial', issuer.name), maybe('nombreComercial', issuer.ec?.tradeName), text('ruc', issuer.taxId), text('claveAcceso', accessKey), text('codDoc', documentTypes[kind].code),
    text('estab', establishment), text('ptoEmi', point), text('secuencial', number), text('dirMatriz', issuer.ec?.headOffice ?? ''), maybe('agenteRetencion', issuer.ec?.withholdingAgent?.replace(/^0+(?=\d)/, '')),
    maybe('contribuyenteRimpe', issuer.ec?.rimpe === undefined ? undefined : rimpe[issuer.ec.rimpe])
  ])
}

const issue = ({ issuer, issuedAt }: Invoice): Xml[] => [text('fechaEmision', written(dayOf(new Date(issuedAt)))), maybe('dirEstablecimiento', issuer.ec?.establishmentAddress)]
const accounting = ({ issuer: { ec } }: Invoice): Xml => maybe('obligadoContabilidad', ec?.keepsAccounting === undefined ? undefined : ec.keepsAccounting ? 'SI' : 'NO')
const special = ({ issuer: { ec } }: Invoice): Xml => maybe('contribuyenteEspecial', ec?.specialTaxpayer)
const taxpayer = (invoice: Invoice): Xml[] => [special(invoice), accounting(invoice)]

function buyer ({ customer }: Invoice, what: 'Comprador' | 'Proveedor', { before = [] }: { before?: Xml[] } = {}): Xml[] {
  return [text(`tipoIdentificacion${what}`, identificationOf(customer)), ...before, text(`razonSocial${what}`, customer.name), text(`identificacion${what}`, customer.taxId)]
}

/** tipoIdentificacion: as told, or as the number looks. Whoever is neither a RUC nor a cédula has a passport, unless an address abroad says otherwise. */
export function identificationOf ({ taxId, taxIdType, address }: Pick<InvoiceParty, 'taxId' | 'taxIdType' | 'address'>): string {
  if (taxIdType !== undefined) return identificationTypes[taxIdType.toLowerCase()] ?? taxIdType
  if (taxId === finalConsumer) return '07'
  if (/^\d{10}001$/.test(taxId)) return '04'
  if (/^\d{10}$/.test(taxId)) return '05'
  return address?.country !== undefined && address.country !== 'EC' ? '08' : '06'
}

export const addressOf = ({ address }: Pick<InvoiceParty, 'address'>): string | undefined => {
  const line = [address?.street, address?.city, address?.region].filter(part => part !== undefined && part.trim() !== '').join(', ')
  return line === '' ? undefined : line
}

const modified = ({ ec }: Invoice): Xml[] => [
  text('codDocModificado', ec?.modified?.document ?? ''), text('numDocModificado', ec?.modified?.number ?? ''), text('fechaEmisionDocSustento', ec?.modified === undefined ? '' : written(ec.modified.issuedOn))
]

const netTotal = ({ lines }: Invoice): string => fixed(sum(lines.map(netOf)), 2)

const taxFields = ({ code, percentCode, percent }: EcTax, base: string, amount: string): Xml[] => [
  text('codigo', code), text('codigoPorcentaje', percentCode), text('tarifa', betweenText(percent, 0, 2)), text('baseImponible', base), text('valor', amount)
]

const totals = (invoice: Invoice, how: 'with rates' | 'plain'): Xml => element('totalConImpuestos', taxTotals(invoice).map(({ code, percentCode, percent, base, amount }) => element('totalImpuesto', [
  text('codigo', code), text('codigoPorcentaje', percentCode), text('baseImponible', fixed(base, 2)), how === 'plain' ? nothing : text('tarifa', betweenText(percent, 0, 2)), text('valor', fixed(amount, 2))
])))

/** What is paid and how: the whole by `payment.form` unless it is told in parts. */
export function paymentsOf ({ ec, payment = {}, totals: { total }, issuedAt }: Pick<Invoice, 'ec' | 'payment' | 'totals' | 'issuedAt'>): { form: string, total: string, term?: string, unit?: string }[] {
  if (ec?.payments !== undefined) return ec.payments
  const days = payment.due === undefined ? 0 : Math.round((Date.parse(payment.due) - Date.parse(dayOf(new Date(issuedAt)))) / 86_400_000)
  return [{ form: payment.form ?? '01', total, ...days > 0 && { term: String(days), unit: 'dias' } }]
}

const payments = (invoice: Invoice): Xml => element('pagos', paymentsOf(invoice).map(({ form, total, term, unit }) => element('pago', [
  text('formaPago', form), text('total', fixedText(total, 2)), maybe('plazo', term), maybe('unidadTiempo', unit)
])))

function details (invoice: Invoice, [main, other]: readonly [string, string]): Xml {
  const day = dayOf(new Date(invoice.issuedAt))
  const unit = main === 'codigoPrincipal'
  return element('detalles', invoice.lines.map(line => element('detalle', [
    maybe(main, line.sku), maybe(other, line.ec?.auxiliaryCode), text('descripcion', line.description), unit ? maybe('unidadMedida', line.unit) : nothing,
    text('cantidad', betweenText(line.quantity, 2, 6)), text('precioUnitario', betweenText(line.unitPrice, 2, 6)), text('descuento', fixedText(line.discount ?? '0', 2)), text('precioTotalSinImpuesto', fixed(netOf(line), 2)),
    extraDetails(line),
    element('impuestos', line.taxes.map(tax => element('impuesto', taxFields(taxOf(tax, day, 'lines'), fixedText(tax.base, 2), fixedText(tax.amount, 2)))))
  ])))
}

const extraDetails = ({ ec }: InvoiceLine): Xml => ec?.details?.length ? element('detallesAdicionales', ec.details.map(({ name, value }) => element('detAdicional', [], { nombre: plain(name), valor: plain(value) }))) : nothing

/** At most fifteen, of which the operator's RUC is one and the buyer's address, if there is room, another. */
export function additionalFields ({ customer, ec }: Pick<Invoice, 'customer' | 'ec'>): { name: string, value: string }[] {
  const operator = ec?.operatorRuc === undefined ? [] : [{ name: providerField, value: ec.operatorRuc }]
  const asked = ec?.additionalInfo ?? []
  const mail = customer.email !== undefined && asked.length + operator.length < mostFields && !asked.some(({ name }) => /^e-?mail|correo/i.test(name)) ? [{ name: 'Email', value: customer.email }] : []
  return [...asked, ...mail, ...operator]
}
export const mostFields = 15

function additional (invoice: Invoice): Xml {
  const fields = additionalFields(invoice)
  return fields.length === 0 ? nothing : element('infoAdicional', fields.map(({ name, value }) => element('campoAdicional', [textXml(plain(value))], { nombre: plain(name) })))
}

// --- elements -----------------------------------------------------------------------------------------------------------

const element = (name: string, children: readonly Xml[], attributes?: Readonly<Record<string, string>>): Xml => elementOf(name, joined(children), attributes)
const text = (name: string, value: string): Xml => textElement(name, plain(value))
/** Absent rather than empty: the SRI refuses an empty element. */
function maybe (name: string, value: string | undefined): Xml {
  const written = value === undefined ? '' : plain(value)
  return written === '' ? nothing : textElement(name, written)
}

/** Most of what is written: nothing of it changes. */
const asciiWords = /^[!-~]+(?: [!-~]+)*$/

/** On one line, without what XML has no place for: the schemas refuse line ends, and a stray control character is nobody's wish. */
export const plain = (value: string): string => asciiWords.test(value) ? value : value.toWellFormed().normalize('NFC').replace(/[\p{Cc}\p{Zl}\p{Zp}\s\uFFFE\uFFFF]+/gu, ' ').trim()
