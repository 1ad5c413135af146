import { type Static, Type } from 'typebox'
import type { Access } from '../access/principal.ts'
import { invalidField } from '../errors.ts'
import type { HubInstance } from '../http.ts'
import { closed, IdParams, Nullable, oneOf } from '../http-schema.ts'
import type { Hub } from '../hub.ts'
import type { Idempotency } from '../idempotency/service.ts'
import type { Invoice as ShownInvoice } from './schema.ts'
import * as service from './service.ts'

/** Names of a point of sale that was there before this API: thin aliases, which decide nothing of their own. */

const Send = Type.Object({ invoice_id: Type.String({ maxLength: 60 }), country: Type.Optional(oneOf(['MX', 'EC', 'ES'])) }, closed)

const Sent = Type.Object({ task_id: Type.String(), invoice_id: Type.String(), status: oneOf(['enqueued', 'sent', 'authorized', 'rejected', 'canceled', 'draft']), invoice_status: Type.String(), clave_acceso: Nullable(Type.String()), fiscal_id: Nullable(Type.String()), errors: Type.Array(Type.Object({ code: Type.String(), message: Type.String() })) }, { title: 'EInvoice' })
type Sent = Static<typeof Sent>

export async function einvoicingRoutes (app: HubInstance): Promise<void> {
  const { hub } = app
  const tags = ['Invoices']
  app.post('/v1/einvoicing/send', { config: { scope: 'invoices:write' }, schema: { tags, summary: 'Alias of POST /v1/invoices/{id}/issue', body: Send, response: { 202: Sent } } }, async (request, reply) =>
    await reply.code(202).send(await send(hub, request.requireAccess(), request.body, request.idempotency)))
  app.get('/v1/einvoicing/status/:id', { config: { scope: 'invoices:read' }, schema: { tags, summary: 'Alias of GET /v1/invoices/{id}', params: IdParams, response: { 200: Sent } } }, async request =>
    told(await service.getInvoice(hub, request.requireAccess(), request.params.id)))
}

/** A draft, or what was corrected, goes out; what is on its way or issued already stays as it is. */
async function send (hub: Hub, access: Access, { invoice_id: id, country }: Static<typeof Send>, idempotency: Idempotency | null): Promise<Sent> {
  const invoice = await service.getInvoice(hub, access, id)
  if (country !== undefined && invoice.country !== country) throw invalidField('country', `is ${invoice.country} for this invoice`)
  return told(invoice.status === 'draft' || invoice.status === 'rejected' ? await service.issueInvoice(hub, access, id, idempotency) : invoice)
}

function told ({ id, status, country, fiscal_id: fiscalId, authority_messages: errors }: ShownInvoice): Sent {
  const word: Partial<Record<ShownInvoice['status'], Sent['status']>> = { draft: 'draft', queued: 'enqueued', signed: 'enqueued', submitted: 'sent', unknown: 'sent', rejected: 'rejected', canceled: 'canceled' }
  return { task_id: id, invoice_id: id, status: word[status] ?? 'authorized', invoice_status: status, clave_acceso: country === 'EC' ? fiscalId : null, fiscal_id: fiscalId, errors: status === 'rejected' ? errors : [] }
}
