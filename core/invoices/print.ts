import type { Invoice as InvoiceModel } from '../adapter/invoicing.ts'
import type { Mode } from '../adapter/context.ts'
import { isUniqueViolation } from '../db/errors.ts'
import { inTenant } from '../db/in-tenant.ts'
import { type DocumentRow, documentsOf } from '../documents/queries.ts'
import { readBytes, storeDocument } from '../documents/service.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import { findIssuer, logoOf } from '../issuers/queries.ts'
import { engineOf } from './engines.ts'
import type { PrintOptions } from './pdf.ts'
import type { InvoiceRow } from './queries.ts'
import type { PrintQuery } from './schema.ts'

/**
 * The printed representation: made once of each kind (paper, language, cancelled since or not) and kept, so that whoever asks
 * again, years later and with another logo, gets the same bytes. Throws 422 where the country has none; `undefined` when it is not stamped yet.
 */
export async function printed (hub: Hub, invoice: InvoiceRow, { size = 'letter', language = 'es' }: PrintQuery): Promise<DocumentRow | undefined> {
  const canceled = invoice.status === 'canceled'
  const variant = [size, language, ...canceled ? ['canceled'] : []].join('-')
  const { tenant_id: tenantId } = invoice
  const kept = await inTenant(hub.db, tenantId, async db => await documentsOf(db, 'invoice', invoice.id))
  const before = printOf(kept, variant)
  if (before !== undefined) return before
  const xml = kept.find(({ kind }) => kind === 'xml')
  if (xml === undefined) return undefined
  const engine = engineOf(invoice.country)
  if (engine.print === undefined) throw new HubError('capability_not_supported')
  const { issuer, logo } = await inTenant(hub.db, tenantId, async db => ({ issuer: await findIssuer(db, invoice.issuer_id), logo: await logoOf(db, invoice.issuer_id) }))
  const stamped = await readBytes(hub, xml)
  const options: PrintOptions = {
    verificationUrl: engine.verificationUrl?.(invoice.model as unknown as InvoiceModel, invoice.fiscal_id!, stamped, invoice.mode as Mode) ?? '',
    size: size === 'a4' ? 'A4' : 'LETTER',
    language,
    canceled,
    test: invoice.mode === 'test',
    ...(invoice.stamped_at !== null && { authorizedAt: invoice.stamped_at }),
    ...(issuer?.colour != null && { colour: issuer.colour }),
    ...(issuer?.ticket_footer != null && { footer: issuer.ticket_footer })
  }
  // An image that cannot be printed (interlaced, damaged) keeps nobody from their invoice.
  const bytes = logo === undefined
    ? await engine.print(stamped, options)
    : await engine.print(stamped, { ...options, logo }).catch(async (error: unknown) => {
      hub.log.warn({ err: error, issuer: publicId('issuer', invoice.issuer_id) }, 'an invoice could not be printed with its logo')
      return await engine.print!(stamped, options)
    })
  const insert = await storeDocument(hub, tenantId, {
    mode: invoice.mode as Mode, kind: 'pdf', variant, subjectType: 'invoice', subjectId: invoice.id, name: nameOf(xml.name, variant), contentType: 'application/pdf', bytes, encrypt: invoice.delegated
  })
  try {
    await inTenant(hub.db, tenantId, insert)
  } catch (error) {
    // Two asked at once: the other one's is kept, and is what everybody gets.
    if (!isUniqueViolation(error, 'documents_printed_once')) throw error
  }
  return printOf(await inTenant(hub.db, tenantId, async db => await documentsOf(db, 'invoice', invoice.id)), variant)
}

const printOf = (documents: readonly DocumentRow[], variant: string) => documents.find(document => document.kind === 'pdf' && document.variant === variant)

/** The paper of the country in its language is what most people ask for: its name is plain. */
const nameOf = (xml: string, variant: string): string => xml.replace(/\.xml$/, `${variant === 'letter-es' ? '' : `_${variant.replace(/^letter-es-/, '')}`}.pdf`)
