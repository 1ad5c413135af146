import type { Access } from '../access/principal.ts'
import type { LocalText } from '../adapter/context.ts'
import { recordChange } from '../audit/record.ts'
import { isUniqueViolation } from '../db/errors.ts'
import { idWindow, pageOf } from '../db/id-window.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { type FieldError, HubError, invalidField } from '../errors.ts'
import { corporateSuffix } from '../fiscal/mx/rules/rfc.ts'
import type { Hub } from '../hub.ts'
import { type Idempotency, recordSubject } from '../idempotency/service.ts'
import { newUuid, parseId, publicId, uuidOf } from '../ids.ts'
import { inspectTaxId, normalTaxId, type TaxCountry } from '../tax-ids.ts'
import * as queries from './queries.ts'
import type { IssuerColumns, IssuerRow } from './queries.ts'
import { type Branch, type Document, documents, type Issuer, type ListIssuers, type NewIssuer, type PatchIssuer } from './schema.ts'

type House = Pick<Hub, 'db' | 'now'>

/** A fiscal identity of the tenant. Throws 400 with every field that is wrong, 409 where it is there already. */
export async function createIssuer (hub: House, access: Access, body: NewIssuer, idempotency: Idempotency | null): Promise<Issuer> {
  if (idempotency?.subject !== undefined) return await getIssuer(hub, access, idempotency.subject)
  const { country } = body
  const taxId = normalTaxId(country, body.tax_id)
  const errors = [...taxIdErrors(country, taxId), ...fieldErrors(country, body), ...missing(country, body)]
  if (errors.length > 0) throw new HubError('request_invalid', { errors })
  const now = hub.now()
  const id = newUuid(now)
  return await inTenant(hub.db, access.tenantId, async db => {
    const connectionId = await connectionOf(db, access, body.connection)
    await queries.insertIssuer(db, { ...columns(body), ...(connectionId !== undefined && { connection_id: connectionId }), id, mode: access.mode, country, tax_id: taxId, legal_name: body.legal_name.trim() }, now).catch((error: unknown) => {
      if (isUniqueViolation(error, 'issuers_once')) throw invalidField('tax_id', 'is an issuer of yours already', 'already_exists')
      throw error
    })
    // In Ecuador a person's certificate may name the cédula in the RUC.
    await queries.adoptCertificates(db, access.mode, id, [taxId, ...country === 'EC' ? [taxId.slice(0, 10)] : []], country)
    await recordChange(db, access, now, { action: 'issuer.created', subjectType: 'issuer', subjectId: publicId('issuer', id), detail: { country, tax_id: taxId, legal_name: body.legal_name } })
    if (idempotency !== null) await recordSubject(db, idempotency, publicId('issuer', id))
    return await show(db, access, now, (await queries.findIssuer(db, id))!)
  })
}

export async function getIssuer (hub: House, access: Access, publicIssuerId: string): Promise<Issuer> {
  return await inTenant(hub.db, access.tenantId, async db => await show(db, access, hub.now(), await findOrThrow(db, access, uuidOf('issuer', publicIssuerId))))
}

export async function listIssuers (hub: House, access: Access, query: ListIssuers): Promise<{ data: Issuer[], next_cursor: string | null }> {
  const window = idWindow('issuer', query)
  return await inTenant(hub.db, access.tenantId, async db => {
    const rows = await queries.listIssuers(db, { ...window, mode: access.mode, ...(query.country !== undefined && { country: query.country }), ...(query.tax_id !== undefined && { taxId: query.tax_id.toUpperCase() }) })
    const page = pageOf('issuer', window, rows, row => row)
    const data: Issuer[] = []
    for (const row of page.data) data.push(await show(db, access, hub.now(), row))
    return { ...page, data }
  })
}

export async function changeIssuer (hub: House, access: Access, publicIssuerId: string, body: PatchIssuer): Promise<Issuer> {
  const id = uuidOf('issuer', publicIssuerId)
  const now = hub.now()
  return await inTenant(hub.db, access.tenantId, async db => {
    const before = await queries.lockIssuer(db, access.mode, id)
    if (before === undefined) throw new HubError('not_found')
    const errors = [...fieldErrors(before.country, body), ...emptied(before.country, body), ...await seriesErrors(db, id, body)]
    if (errors.length > 0) throw new HubError('request_invalid', { errors })
    const connectionId = body.connection === null ? null : await connectionOf(db, access, body.connection)
    await queries.updateIssuer(db, id, { ...columns(body), ...(connectionId !== undefined && { connection_id: connectionId }) }, now)
    await recordChange(db, access, now, { action: 'issuer.changed', subjectType: 'issuer', subjectId: publicIssuerId, detail: { ...body, ...(body.logo != null && { logo: 'another' }) } })
    return await show(db, access, now, await findOrThrow(db, access, id))
  })
}

/** Only one that never issued. Its certificates must be gone before: what signs belongs to somebody. */
export async function deleteIssuer (hub: House, access: Access, publicIssuerId: string): Promise<void> {
  const id = uuidOf('issuer', publicIssuerId)
  const now = hub.now()
  await inTenant(hub.db, access.tenantId, async db => {
    if (await queries.lockIssuer(db, access.mode, id) === undefined) throw new HubError('not_found')
    if (await queries.countCertificates(db, id) > 0) {
      throw new HubError('invalid_state', { detail: { es: 'El emisor todavía tiene certificados: elimínelos antes.', en: 'The issuer still has certificates: delete them first.' } })
    }
    if (await queries.hasInvoices(db, id)) {
      throw new HubError('invalid_state', { detail: { es: 'El emisor tiene facturas, que lo nombran: desactive sus series en vez de eliminarlo.', en: 'The issuer has invoices, which name it: switch its series off instead of deleting it.' } })
    }
    await queries.updateIssuer(db, id, { deleted_at: now }, now)
    await queries.deactivateSeries(db, id, now)
    await recordChange(db, access, now, { action: 'issuer.deleted', subjectType: 'issuer', subjectId: publicIssuerId })
  })
}

export async function issuerLogo (hub: House, access: Access, publicIssuerId: string): Promise<{ bytes: Buffer, type: string }> {
  const id = uuidOf('issuer', publicIssuerId)
  return await inTenant(hub.db, access.tenantId, async db => {
    await findOrThrow(db, access, id)
    const logo = await queries.logoOf(db, id)
    if (logo === undefined) throw new HubError('not_found')
    return logo
  })
}

async function findOrThrow (db: TenantDb, access: Access, id: string): Promise<IssuerRow> {
  const row = await queries.findIssuer(db, id)
  if (row?.mode !== access.mode) throw new HubError('not_found')
  return row
}

/** Undefined when nothing was said. */
async function connectionOf (db: TenantDb, access: Access, connection: string | null | undefined): Promise<string | undefined> {
  if (connection === undefined || connection === null) return undefined
  const id = parseId('connection', connection)
  if (id === undefined || !await queries.hasConnection(db, access.mode, id)) throw invalidField('connection', 'is no connection of yours in this mode')
  return id
}

// --- what is asked of the fields ------------------------------------------------------------------------------------------

const say = (path: string, es: string, en: string): FieldError => ({ path, message: { es, en } })

function taxIdErrors (country: TaxCountry, taxId: string): FieldError[] {
  const { shape, digit, person } = inspectTaxId(country, taxId)
  if (person === 'generic') return [say('tax_id', 'es de un comprador genérico, no de un emisor', 'stands for a buyer without one, not for an issuer')]
  if (!shape) return [say('tax_id', `no tiene la forma de ${named[country]}`, `does not have the shape of ${country === 'MX' ? 'an' : 'a'} ${named[country]}`)]
  if (country === 'EC' && taxId.length !== 13) return [say('tax_id', 'debe ser el RUC de 13 dígitos, no la cédula', 'must be the RUC of 13 digits, not the cédula')]
  // In Spain the letter follows from the number; in Mexico and Ecuador good ids fail their digit, so it only warns.
  return country === 'ES' && !digit ? [say('tax_id', 'tiene una letra o un dígito de control que no corresponde', 'has a control letter or digit that does not belong to it')] : []
}
const named: Record<TaxCountry, string> = { MX: 'RFC', EC: 'RUC', ES: 'NIF' }

/** Without these no document of the country can be written. */
function missing (country: TaxCountry, body: NewIssuer): FieldError[] {
  return country === 'MX' ? (['regime', 'postal_code'] as const).filter(name => body[name] === undefined).map(name => say(name, 'es obligatorio en México', 'is required in Mexico')) : []
}

function emptied (country: TaxCountry, body: PatchIssuer): FieldError[] {
  return country === 'MX' ? (['regime', 'postal_code'] as const).filter(name => body[name] === null).map(name => say(name, 'es obligatorio en México', 'is required in Mexico')) : []
}

const postalCodes: Record<TaxCountry, RegExp> = { MX: /^\d{5}$/, EC: /^\d{6}$/, ES: /^\d{5}$/ }
const maxLogoBytes = 200 * 1024

function fieldErrors (country: TaxCountry, body: NewIssuer | PatchIssuer): FieldError[] {
  const errors: FieldError[] = []
  const postal = (path: string, code: string | null | undefined): void => {
    if (code != null && !postalCodes[country].test(code)) errors.push(say(path, `debe tener ${country === 'EC' ? 6 : 5} dígitos`, `must have ${country === 'EC' ? 6 : 5} digits`))
  }
  postal('postal_code', body.postal_code)
  if (country === 'MX' && body.regime != null && !/^6\d\d$/.test(body.regime)) errors.push(say('regime', 'debe ser una clave de c_RegimenFiscal, como 601', 'must be a key of c_RegimenFiscal, such as 601'))
  for (const other of (['mx', 'ec', 'es'] as const).filter(name => name.toUpperCase() !== country)) {
    if (body[other] !== undefined) errors.push(say(other, `no es de un emisor de ${country}`, `is not of an issuer of ${country}`))
  }
  if (body.mx?.timezone !== undefined && !isTimeZone(body.mx.timezone)) errors.push(say('mx.timezone', 'no es una zona horaria conocida', 'is no time zone that is known'))
  if (body.legal_name !== undefined && (body.legal_name.trim() === '' || body.legal_name.includes('|'))) errors.push(say('legal_name', 'no puede estar vacío ni contener “|”', 'must not be empty nor contain “|”'))
  if (body.logo != null) {
    const bytes = Buffer.from(body.logo.data, 'base64')
    if (bytes.length > maxLogoBytes) errors.push(say('logo.data', 'pasa de 200 KB', 'is over 200 KB'))
    else if (imageType(bytes) === undefined) errors.push(say('logo.data', 'no es una imagen PNG o JPEG en Base64', 'is no PNG or JPEG image in Base64'))
  }
  const codes = new Set<string>()
  for (const [index, { code, postal_code: postalCode, tills = [] }] of (body.branches ?? []).entries()) {
    const path = `branches[${index}]`
    if (codes.has(code)) errors.push(say(`${path}.code`, 'está repetido', 'is there twice'))
    codes.add(code)
    postal(`${path}.postal_code`, postalCode)
    const inBranch = new Set<string>()
    for (const [till, { code: tillCode }] of tills.entries()) {
      if (inBranch.has(tillCode)) errors.push(say(`${path}.tills[${till}].code`, 'está repetido', 'is there twice'))
      inBranch.add(tillCode)
      if (country === 'EC' && !/^\d{3}$/.test(tillCode)) errors.push(say(`${path}.tills[${till}].code`, 'debe ser el punto de emisión, de 3 dígitos', 'must be the punto de emisión, of 3 digits'))
    }
    if (country === 'EC' && !/^\d{3}$/.test(code)) errors.push(say(`${path}.code`, 'debe ser el establecimiento, de 3 dígitos', 'must be the establecimiento, of 3 digits'))
  }
  return errors
}

/** Default series are of this issuer and document; no branch or till goes while a series of it is active. */
async function seriesErrors (db: TenantDb, issuerId: string, body: PatchIssuer): Promise<FieldError[]> {
  const errors: FieldError[] = []
  if (body.default_series === undefined && body.branches === undefined) return errors
  const series = await queries.seriesOf(db, issuerId)
  const check = (path: string, chosen: Partial<Record<Document, string | undefined>> = {}): void => {
    for (const document of documents) {
      const id = chosen[document]
      if (id !== undefined && !series.some(one => one.id === parseId('series', id) && one.document === document)) errors.push(say(`${path}.${document}`, 'no es una serie de este emisor para ese documento', 'is no series of this issuer for that document'))
    }
  }
  check('default_series', body.default_series)
  for (const [index, branch] of (body.branches ?? []).entries()) check(`branches[${index}].default_series`, branch.default_series)
  if (body.branches !== undefined) {
    const orphans = series.filter(one => one.active && one.branch !== '' && !body.branches!.some(branch => branch.code === one.branch && (one.till === '' || branch.tills?.some(till => till.code === one.till))))
    for (const { branch, till } of orphans) errors.push(say('branches', `falta ${till === '' ? branch : `${branch}/${till}`}, que tiene una serie activa`, `lacks ${till === '' ? branch : `${branch}/${till}`}, which has an active series`))
  }
  return errors
}

function isTimeZone (name: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

function imageType (bytes: Buffer): 'image/png' | 'image/jpeg' | undefined {
  if (bytes.subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex')) && bytes.subarray(12, 16).toString('latin1') === 'IHDR') return 'image/png'
  return bytes.subarray(0, 3).equals(Buffer.from('ffd8ff', 'hex')) && bytes.length > 100 ? 'image/jpeg' : undefined
}

/** A body as the table has it. */
function columns (body: NewIssuer | PatchIssuer): Partial<IssuerColumns> {
  const plain = Object.fromEntries((['trade_name', 'regime', 'postal_code', 'email', 'phone', 'website', 'colour', 'ticket_footer'] as const)
    .filter(name => body[name] !== undefined).map(name => [name, body[name]]))
  const json = Object.fromEntries((['address', 'branches', 'mail', 'mx', 'ec', 'es'] as const).filter(name => body[name] !== undefined).map(name => [name, body[name] === null ? null : JSON.stringify(body[name])]))
  const logo = body.logo == null ? null : Buffer.from(body.logo.data, 'base64')
  return {
    ...plain,
    ...json,
    ...(body.legal_name !== undefined && { legal_name: body.legal_name.trim() }),
    ...('default_series' in body && body.default_series !== undefined && { default_series: JSON.stringify(body.default_series) }),
    ...(body.logo !== undefined && { logo, logo_type: logo === null ? null : imageType(logo)! })
  }
}

// --- how it is shown ------------------------------------------------------------------------------------------------------

async function show (db: TenantDb, { language }: Access, now: Date, row: IssuerRow): Promise<Issuer> {
  const id = publicId('issuer', row.id)
  const certificate = await queries.certificateInUse(db, row.id, now)
  return {
    id,
    object: 'issuer',
    mode: row.mode,
    country: row.country,
    tax_id: row.tax_id,
    legal_name: row.legal_name,
    trade_name: row.trade_name,
    regime: row.regime,
    postal_code: row.postal_code,
    address: row.address,
    email: row.email,
    phone: row.phone,
    website: row.website,
    branches: row.branches as Branch[],
    logo: row.logo_bytes === null ? null : { content_type: row.logo_type!, bytes: row.logo_bytes, url: `/v1/issuers/${id}/logo` },
    colour: row.colour,
    ticket_footer: row.ticket_footer,
    default_series: row.default_series as Issuer['default_series'],
    certificate: certificate === undefined ? null : publicId('certificate', certificate.id),
    connection: row.connection_id === null ? null : publicId('connection', row.connection_id),
    mail: row.mail,
    mx: row.mx,
    ec: row.ec,
    es: row.es,
    warnings: warningsOf(row).map(({ path, text }) => ({ path, message: text[language] })),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString()
  }
}

function warningsOf ({ country, tax_id: taxId, legal_name: name }: IssuerRow): { path: string, text: LocalText }[] {
  const warnings: { path: string, text: LocalText }[] = []
  if (!inspectTaxId(country, taxId).digit) warnings.push({ path: 'tax_id', text: { es: 'Su dígito verificador no coincide: revíselo, aunque hay identificaciones correctas así.', en: 'Its check digit does not agree: look at it again, though there are good ids like that.' } })
  if (country !== 'MX') return warnings
  const suffix = corporateSuffix(name)
  if (suffix !== undefined) warnings.push({ path: 'legal_name', text: { es: `En CFDI 4.0 el nombre va sin el régimen societario («${suffix}»): CFDI40139.`, en: `In CFDI 4.0 the name goes without the kind of company (“${suffix}”): CFDI40139.` } })
  if (name !== name.toUpperCase()) warnings.push({ path: 'legal_name', text: { es: 'El SAT registra los nombres en mayúsculas: escríbalo como en la constancia.', en: 'The SAT registers names in capitals: write it as in the constancia.' } })
  return warnings
}
