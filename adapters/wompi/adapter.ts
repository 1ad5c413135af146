import { defineAdapter } from '../../core/adapter/index.ts'
import { manifest } from './config.ts'
import { detectMode, test } from './connection.ts'
import { payments } from './payments.ts'
import { scrub } from './scrub.ts'
import { webhooks } from './webhooks.ts'

/** Wompi (Colombia, Bancolombia): cards, PSE, Nequi, Bancolombia, cash, its own page, links, kept cards. What is uncertain is in QUIRKS.md. */
export default defineAdapter({ manifest, detectMode, test, payments, webhooks, scrub })
