import { defineAdapter } from '../../core/adapter/index.ts'
import { manifest } from './config.ts'
import { detectMode, test } from './connection.ts'
import { payments } from './payments.ts'
import { scrub } from './scrub.ts'
import { webhooks } from './webhooks.ts'

/** PayU Latam (AR, BR, CL, CO, MX, PA, PE): cards by token, cash, SPEI, PSE, Nequi, WebCheckout. What is uncertain is in QUIRKS.md. */
export default defineAdapter({ manifest, detectMode, test, payments, webhooks, scrub })
