/** A receiver: verify the bytes, answer at once, do each event once. */
import { createServer, type Server } from 'node:http'
import { verifyWebhook, type WebhookEvent, WebhookVerificationError } from '@pasarela/client/webhooks'

export interface Shop {
  /** Both, while a secret is rotated. */
  secrets: string[]
  /** True when the id was not there before: one statement with a unique key in a real shop. */
  isNew: (eventId: string) => boolean
  paid: (paymentId: string, amount: number, currency: string) => void
  invoiced: (invoiceId: string, fiscalId: string | null) => void
}

export function receiver (shop: Shop): Server {
  return createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => {
      // The bytes as they came: parsed and written again they would not verify.
      verifyWebhook(Buffer.concat(chunks), request.headers, shop.secrets)
        .then(event => {
          if (shop.isNew(event.id)) handle(shop, event)
          response.writeHead(204).end()
        })
        .catch((error: unknown) => { response.writeHead(error instanceof WebhookVerificationError ? 401 : 500).end() })
    })
  })
}

/** `type` tells what `data` is. Types that you do not know yet are none of your business. */
function handle (shop: Shop, event: WebhookEvent): void {
  switch (event.type) {
    case 'payment.succeeded': return shop.paid(event.data.id, event.data.amount_captured, event.data.currency)
    case 'invoice.issued': return shop.invoiced(event.data.id, event.data.fiscal_id)
  }
}
