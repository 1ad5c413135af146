import type { Adapter } from '../core/adapter/index.ts'
import finkok from './finkok/adapter.ts'
import satStatus from './sat_status/adapter.ts'
import stripe from './stripe/adapter.ts'

/** Every adapter that comes with the hub. */
export const adapters: readonly Adapter[] = [stripe, finkok, satStatus]
