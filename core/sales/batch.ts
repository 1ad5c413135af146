import type { Access } from '../access/principal.ts'
import { storable } from '../db/storable.ts'
import { HubError } from '../errors.ts'
import type { Hub } from '../hub.ts'
import { publicId } from '../ids.ts'
import type { NewSales, SalesAnswer } from './schema.ts'
import { decide, takeDown } from './service.ts'

/**
 * What tills sold while they were offline: one after another, in the order in which they are told, with an answer for each. A sale
 * that was sent before is told again; one bad sale keeps none of the others back. Numbers are given out here.
 */
export async function createSales (hub: Hub, access: Access, { sales }: NewSales): Promise<SalesAnswer> {
  const data: SalesAnswer['data'] = []
  for (const given of sales) {
    const body = storable(given)
    try {
      const { row, repeated } = await takeDown(hub, access, body, null)
      // What became of the ones that were there is told, not done again.
      if (!repeated) await decide(hub, access, row, body.requires_invoice).catch((error: unknown) => { if (!(error instanceof HubError)) throw error })
      data.push({ client_id: body.client_id, status: repeated ? 'repeated' : 'created', sale: publicId('sale', row.id), ticket: row.ticket, error: null })
    } catch (error) {
      if (!(error instanceof HubError)) throw error
      const errors = (error.errors ?? []).map(({ path, code, message }) => ({ path, ...(code !== undefined && { code }), message: typeof message === 'string' ? message : message[access.language] }))
      data.push({ client_id: body.client_id, status: error.code === 'already_exists' ? 'conflict' : 'invalid', sale: null, ticket: null, error: { code: error.code, detail: error.detail[access.language], errors } })
    }
  }
  return { data }
}
