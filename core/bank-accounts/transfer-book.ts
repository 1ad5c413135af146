import type { Mode } from '../adapter/context.ts'
import type { ExpectedTransfer, ReceivingAccount, TransferBook } from '../adapter/transfer-book.ts'
import { isUniqueViolation } from '../db/errors.ts'
import { inTenant, type TenantDb } from '../db/in-tenant.ts'
import { setTimer } from '../db/timers.ts'
import type { Hub } from '../hub.ts'
import { newUuid, parseId, publicId } from '../ids.ts'
import { randomPart } from '../random.ts'
import { openNumbers } from './numbers.ts'
import * as queries from './queries.ts'
import type { AccountRow, TransferRow } from './queries.ts'

/** The kind of job that closes a transfer when nobody made it in time. */
export const transferTimer = 'bank_transfer'

const triesAtMost = 5
const drawnAtOnce = 16

/**
 * The book of one connection, in the tenant's rows. Each call is a transaction of its own: what it answers is committed, and what it
 * throws was not done.
 */
export function createTransferBook (house: Pick<Hub, 'db' | 'vault' | 'now'>, { id: connectionId, tenantId, mode }: { id: string, tenantId: string, mode: Mode }): TransferBook {
  const read = async <T>(work: (db: TenantDb) => Promise<T>) => await inTenant(house.db, tenantId, work)
  const ofMode = (row: AccountRow | undefined) => row?.mode === mode ? row : undefined

  async function showTransfer (row: TransferRow, account: AccountRow): Promise<ExpectedTransfer> {
    return {
      id: publicId('bank_transfer', row.id),
      reference: publicId('payment', row.payment_id),
      account: await receiving(account),
      amount: { amount: row.amount, currency: row.currency },
      transferReference: row.reference,
      status: row.status as ExpectedTransfer['status'],
      ...(row.transaction_reference !== null && { transactionReference: row.transaction_reference }),
      expiresAt: row.expires_at,
      closesAt: row.closes_at,
      createdAt: row.created_at
    }
  }

  async function receiving (row: AccountRow): Promise<ReceivingAccount> {
    const { account_number: accountNumber, ...numbers } = await openNumbers(house, row)
    return { id: publicId('bank_account', row.id), ...numbers, ...(accountNumber !== undefined && { accountNumber }), bank: row.bank, beneficiary: row.beneficiary, currency: row.currency, country: row.country, timeZone: row.time_zone }
  }

  /** With the account that it names, also when that was deleted since. */
  async function look (find: (db: TenantDb) => Promise<TransferRow | undefined>): Promise<ExpectedTransfer | undefined> {
    const found = await read(async db => {
      const row = await find(db)
      return row?.mode === mode && row.connection_id === connectionId ? { row, account: (await queries.findAccount(db, row.bank_account_id, { deleted: true }))! } : undefined
    })
    return found && await showTransfer(found.row, found.account)
  }

  return {
    async accounts () {
      const rows = await read(async db => await queries.listAccounts(db, { mode, limit: 100 }))
      return await Promise.all(rows.map(receiving))
    },

    async account (wanted) {
      const id = 'id' in wanted ? parseId('bank_account', wanted.id) : undefined
      const row = await read(async db => 'currency' in wanted ? await queries.primaryAccount(db, mode, wanted.currency) : id === undefined ? undefined : ofMode(await queries.findAccount(db, id)))
      return row && await receiving(row)
    },

    async expect ({ reference, attempt, accountId, amount, expiresAt, closesAt }) {
      const [paymentId, bankAccountId] = [parseId('payment', reference), parseId('bank_account', accountId)]
      if (paymentId === undefined || bankAccountId === undefined) throw new RangeError('the payment or the account is none of ours')
      const known = async () => await look(async db => await queries.findTransferOf(db, paymentId, { connectionId, attempt }))
      for (let tries = 1; ; tries++) {
        const before = await known()
        if (before !== undefined) return before
        const now = house.now()
        const id = newUuid(now)
        try {
          const made = await read(async db => {
            // Deleted meanwhile: then it receives nothing any more.
            const account = await queries.holdAccount(db, bankAccountId)
            if (account?.mode !== mode) throw new RangeError('the account is not there any more')
            const drawn = drawReferences()
            const free = await queries.freeReferences(db, bankAccountId, drawn)
            // Best one that was never used: then late money still names its payment.
            const reference = free.neverUsed[0] ?? free.notOpen[0] ?? drawn[0]!
            const row = await queries.insertTransfer(db, { id, mode, connection_id: connectionId, bank_account_id: bankAccountId, payment_id: paymentId, attempt, reference, amount: amount.amount, currency: amount.currency, expires_at: expiresAt, closes_at: closesAt, created_at: now })
            await setTimer(db, transferTimer, id, closesAt)
            return { row, account }
          })
          return await showTransfer(made.row, made.account)
        } catch (error) {
          // The same attempt was written by somebody else, or the reference was taken: look, and draw again.
          if (!isUniqueViolation(error) || tries >= triesAtMost) throw error
        }
      }
    },

    async get (id) {
      const uuid = parseId('bank_transfer', id)
      return uuid === undefined ? undefined : await look(async db => await queries.findTransfer(db, uuid))
    },

    async find (reference) {
      const paymentId = parseId('payment', reference)
      return paymentId === undefined ? undefined : await look(async db => await queries.findTransferOf(db, paymentId, { connectionId }))
    },

    async cancel (id) {
      const uuid = parseId('bank_transfer', id)
      if (uuid === undefined) return undefined
      return await look(async db => {
        const row = await queries.lockTransfer(db, uuid)
        if (row?.status !== 'open' || row.connection_id !== connectionId || row.mode !== mode) return row
        return await queries.updateTransfer(db, uuid, { status: 'canceled' }, house.now())
      })
    }
  }
}

/** Seven digits each, none beginning with a zero. */
function drawReferences (): string[] {
  return Array.from({ length: drawnAtOnce }, () => String(1_000_000 + randomPart(6).readUIntBE(0, 6) % 9_000_000))
}
