import { defineAdapter } from '../../core/adapter/index.ts'
import { manifest } from './config.ts'
import { detectMode, test } from './connection.ts'
import { payments } from './payments.ts'
import { scrub } from './scrub.ts'
import { webhooks } from './webhooks.ts'

/** Kushki (Ecuador, Colombia, Peru, Chile, Mexico): cards, holds, kept cards, subscriptions; cash and transfers as experimental. What is uncertain is in QUIRKS.md. */
export default defineAdapter({ manifest, detectMode, test, payments, webhooks, scrub })
