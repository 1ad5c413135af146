import { defineAdapter } from '../../core/adapter/index.ts'
import { manifest } from './config.ts'
import { detectMode, test } from './connection.ts'
import { payments } from './payments.ts'
import { scrub } from './scrub.ts'
import { webhooks } from './webhooks.ts'

/** PayPal (REST): orders approved on its page, kept cards and wallets, subscriptions, disputes, reports. What is uncertain is in QUIRKS.md. */
export default defineAdapter({ manifest, detectMode, test, payments, webhooks, scrub })
