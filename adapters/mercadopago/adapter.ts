import { defineAdapter } from '../../core/adapter/index.ts'
import { manifest } from './config.ts'
import { detectMode, test } from './connection.ts'
import { oauth } from './oauth.ts'
import { payments } from './payments.ts'
import { scrub } from './scrub.ts'
import { webhooks } from './webhooks.ts'

/** Mercado Pago (MX, BR, AR, CO, CL, PE, UY): cards, cash, transfers, Checkout Pro, saved cards and subscriptions. What is uncertain is in QUIRKS.md. */
export default defineAdapter({ manifest, detectMode, test, payments, oauth, webhooks, scrub })
