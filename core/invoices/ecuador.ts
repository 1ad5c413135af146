import { createHash } from 'node:crypto'
import type { EcInvoice, Invoice as InvoiceModel, InvoiceParty } from '../adapter/invoicing.ts'
import { HubError } from '../errors.ts'
import { FiscalError } from '../fiscal/errors.ts'
import { citedBy, readAccessKey } from '../fiscal/ec/access-key.ts'
import { accessKeyOf, addressOf, buildComprobante } from '../fiscal/ec/build.ts'
import { ecuadorZone } from '../fiscal/ec/clock.ts'
import { ecFindings } from '../fiscal/ec/rules.ts'
import { isEcKind } from '../fiscal/ec/tables.ts'
import { type EcLineDraft, withEcTotals } from '../fiscal/ec/totals.ts'
import { canonicalDocument } from '../fiscal/xml/c14n.ts'
import { parseXml } from '../fiscal/xml/parse.ts'
import { sriProfile } from '../fiscal/xades/profiles.ts'
import { signVerified } from '../fiscal/xades/verify.ts'
import { homeCurrency } from '../issuers/native.ts'
import type { IssuerRow } from '../issuers/queries.ts'
import { type CountryEngine, ForeignDocument, type Making } from './engine.ts'
import type { ChangeInvoice } from './schema.ts'

/** Ecuador: comprobantes of the SRI, offline scheme. The law itself is in core/fiscal/ec; this says how invoices of ours become one. */
export const ecuador: CountryEngine = {
  homeCurrency: homeCurrency.EC,
  model: (body, making) => computed(() => modelOf(body, making)),
  findings: (model, now) => ecFindings(model, now),
  // The same model signs with the same Ids; SigningTime alone tells two attempts apart.
  seal: async (model, { at, ...key }) => await signVerified(buildComprobante(model), sriProfile({ sha256: model.ec?.sha256 ?? false }), key, { at, zone: ecuadorZone, id: createHash('sha256').update(model.reference).digest('hex').slice(0, 32) }),
  stamped: (model, sealed, returned, { at }) => {
    const clave = model.ec?.accessKey
    if (clave === undefined || sealed === null) throw new ForeignDocument('it has no clave de acceso')
    // The authority writes the declaration anew; what is inside, the signature with it, must be what was sent.
    let same
    try {
      same = canonicalDocument(parseXml(returned)) === canonicalDocument(parseXml(sealed))
    } catch (error) {
      throw new ForeignDocument(error instanceof Error ? error.message : 'it cannot be read')
    }
    if (!same) throw new ForeignDocument('it is not the comprobante that was sent')
    return { fiscalId: clave, stampedAt: at }
  },
  motives: {},
  insteadOfCancelling: {
    es: 'El SRI no anula por servicio web: anúlela en SRI en línea hasta el día 7 del mes siguiente (quien la recibió acepta en 5 días hábiles, salvo facturas), y aquí se verá anulada; o emita una nota de crédito. Lo emitido a consumidor final no se anula.',
    en: 'The SRI annuls nothing by web service: annul it in SRI en línea until day 7 of the next month (who received it accepts within 5 business days, invoices excepted), and it will show here; or issue a credit note. What was issued to a final consumer is not annulled.'
  },
  retentionYears: 7,
  credit: ({ payment, ec, ...note }, { reason, lines }) => ({ ...note, ec: { ...(ec?.additional_info !== undefined && { additional_info: ec.additional_info }), reason: reason ?? (lines === undefined ? 'Devolución total' : 'Devolución parcial') } }),
  print: async (...asked) => await (await import('./ride.ts')).printRide(...asked),
  fileName: (_model, fiscalId) => `${fiscalId}.xml`
}

/** What cannot be computed is the caller's to mend. */
function computed<T> (work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof FiscalError) throw new HubError('invoice_invalid', { errors: [{ path: error.path ?? '', code: error.reason, message: error.text }] })
    throw error
  }
}

/** A comprobante that was sent and rejected is sent again under its own clave, so it keeps its day while that is still taken. */
function modelOf (body: ChangeInvoice, { issuer, kind, reference, issuedAt: now, series, number, operatorRuc, before }: Making): InvoiceModel {
  const [establishment, point] = series?.split('-') ?? []
  const firstDay = before === undefined ? undefined : new Date(before.issuedAt)
  const issuedAt = firstDay !== undefined && now.getTime() - firstDay.getTime() < termMs ? firstDay : now
  const { payment, customer, ec: own } = body
  const ec: EcInvoice = {
    environment: issuer.mode === 'live' ? '2' : '1',
    ...ownOf(own),
    ...(establishment !== undefined && { establishment }),
    ...(point !== undefined && { point }),
    ...(operatorRuc !== undefined && { operatorRuc }),
    ...(issuer.ec.signature === 'sha256' && { sha256: true })
  }
  const modified = ec.modified ?? citedIn(body)
  if (modified !== undefined) ec.modified = modified
  const model = withEcTotals({
    reference,
    country: 'EC',
    kind: kind as InvoiceModel['kind'],
    issuedAt,
    issuer: partyOf(issuer, establishment ?? body.branch),
    customer: {
      name: customer.name,
      taxId: customer.tax_id.trim(),
      ...(customer.tax_id_type !== undefined && { taxIdType: customer.tax_id_type }),
      ...(customer.address !== undefined && { address: { ...customer.address } }),
      ...(customer.email !== undefined && { email: customer.email })
    },
    currency: body.currency,
    lines: body.lines.map(lineOf),
    ...(series !== undefined && { series }),
    ...(number !== undefined && { number }),
    ...(body.exchange_rate !== undefined && { exchangeRate: body.exchange_rate }),
    // PUE and PPD are Mexico's; a body that serves several countries may bring them.
    ...(payment !== undefined && { payment: { ...(payment.form !== undefined && { form: payment.form }), ...(payment.due !== undefined && { due: payment.due }), ...(payment.conditions !== undefined && { conditions: payment.conditions }) } }),
    ...(body.related !== undefined && { related: body.related.map(({ type, fiscal_id: fiscalId }) => ({ type, fiscalId })) }),
    ec
  })
  return number === undefined || !isEcKind(kind) ? model : { ...model, ec: { ...model.ec!, accessKey: accessKeyOf(model) } }
}

/** The SRI takes a comprobante this long after its day (message 65 says [129600] minutes). */
const termMs = 129_600 * 60_000

/** A clave tells everything that a note has to say of the document that it changes. */
function citedIn ({ related }: ChangeInvoice): EcInvoice['modified'] {
  const parts = related?.[0] === undefined ? undefined : readAccessKey(related[0].fiscal_id)
  return parts && citedBy(parts)
}

function lineOf ({ description, quantity, unit_price: unitPrice, discount, sku, unit, taxes, ec }: ChangeInvoice['lines'][number]): EcLineDraft {
  return {
    description,
    quantity,
    unitPrice,
    taxes,
    ...(discount !== undefined && { discount }),
    ...(sku !== undefined && { sku }),
    ...(unit !== undefined && { unit }),
    ...(ec !== undefined && { ec: { ...(ec.auxiliary_code !== undefined && { auxiliaryCode: ec.auxiliary_code }), ...(ec.details !== undefined && { details: ec.details }) } })
  }
}

/** The issuer as it stands in the RUC: head office, and the establishment where its address is another. */
function partyOf (issuer: IssuerRow, establishment: string | undefined): InvoiceParty {
  const branch = issuer.branches.find(({ code }) => code === establishment)
  const headOffice = lineOfAddress(issuer.address)
  const establishmentAddress = lineOfAddress(branch?.address)
  const { special_taxpayer: specialTaxpayer, keeps_accounting: keepsAccounting, withholding_agent: withholdingAgent, rimpe } = issuer.ec
  return {
    name: issuer.legal_name,
    taxId: issuer.tax_id,
    ec: {
      ...(issuer.trade_name !== null && { tradeName: issuer.trade_name }),
      ...(headOffice !== undefined && { headOffice }),
      ...(establishmentAddress !== undefined && { establishmentAddress }),
      ...(specialTaxpayer !== undefined && { specialTaxpayer }),
      ...(keepsAccounting !== undefined && { keepsAccounting }),
      ...(withholdingAgent !== undefined && { withholdingAgent }),
      ...(rimpe !== undefined && { rimpe })
    }
  }
}

const lineOfAddress = (address: IssuerRow['address'] | undefined): string | undefined => address == null ? undefined : addressOf({ address: { ...address } })

/** The country's own part of the body, in the words of the model. */
function ownOf (own: ChangeInvoice['ec']): Partial<EcInvoice> {
  if (own === undefined) return {}
  const { additional_info: additionalInfo, payments, tip, delivery_note: deliveryNote, plate, third_party_items: thirdPartyItems, reason, modified, withholding, delivery } = own
  return defined<Partial<EcInvoice>>({
    additionalInfo, payments, tip, deliveryNote, plate, thirdPartyItems, reason,
    modified: modified && { document: modified.document, number: modified.number, issuedOn: modified.issued_on },
    withholding: withholding && defined({
      period: withholding.period,
      relatedParty: withholding.related_party,
      subjectType: withholding.subject_type,
      documents: withholding.documents.map(({ issued_on: issuedOn, registered_on: registeredOn, ...rest }) => defined({ ...rest, issuedOn, registeredOn }))
    }),
    delivery: delivery && defined({
      from: delivery.from,
      startsOn: delivery.starts_on,
      endsOn: delivery.ends_on,
      plate: delivery.plate,
      carrier: defined({ name: delivery.carrier.name, taxId: delivery.carrier.tax_id, taxIdType: delivery.carrier.tax_id_type }),
      reason: delivery.reason,
      route: delivery.route,
      destinationEstablishment: delivery.destination_establishment,
      customsDocument: delivery.customs_document,
      support: delivery.support && defined({ document: delivery.support.document, number: delivery.support.number, authorization: delivery.support.authorization, issuedOn: delivery.support.issued_on })
    })
  })
}

/** Without what is undefined. */
function defined<T extends object> (value: { [Key in keyof T]: T[Key] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T
}
