import { type ConnectionContext, type ExpectedTransfer, ProviderError, type ReceivingAccount, type Simulator, type TransferBook } from '../../../core/adapter/index.ts'

export const account: ReceivingAccount = {
  id: `ban_${'a'.repeat(32)}`, clabe: '002010077777777771', bank: 'BANAMEX', beneficiary: 'Tienda SA de CV', currency: 'MXN', country: 'MX', timeZone: 'America/Mexico_City'
}
export const euros: ReceivingAccount = {
  id: `ban_${'b'.repeat(32)}`, iban: 'ES9121000418450200051332', bic: 'CAIXESBBXXX', bank: 'CaixaBank', beneficiary: 'Tienda SL', currency: 'EUR', country: 'ES', timeZone: 'Europe/Madrid'
}

/** The hub's book as the contract describes it, in memory. The hub's own, on PostgreSQL, is tested with the whole. */
export class MemoryBook implements TransferBook {
  readonly rows: ExpectedTransfer[] = []
  readonly #accounts: ReceivingAccount[]
  readonly #now: () => Date

  constructor (accounts: ReceivingAccount[] = [account, euros], now = () => new Date()) {
    this.#accounts = accounts
    this.#now = now
  }

  readonly accounts = async () => this.#accounts
  readonly account = async (wanted: { id: string } | { currency: string }) => this.#accounts.find(one => 'id' in wanted ? one.id === wanted.id : one.currency === wanted.currency)
  readonly expect: TransferBook['expect'] = async ({ reference, attempt, accountId, ...rest }) => {
    const known = this.rows.find(row => row.reference === reference && this.#attempts.get(row.id) === attempt)
    if (known !== undefined) return known
    const serial = this.rows.length + 1
    const made: ExpectedTransfer = { id: `btr_${String(serial).padStart(32, '0')}`, reference, account: this.#accounts.find(({ id }) => id === accountId)!, transferReference: String(1_000_000 + serial), status: 'open', createdAt: this.#now(), ...rest }
    this.rows.push(made)
    this.#attempts.set(made.id, attempt)
    return made
  }

  readonly get = async (id: string) => this.rows.find(row => row.id === id)
  readonly find = async (reference: string) => this.rows.findLast(row => row.reference === reference)
  readonly cancel = async (id: string) => this.set(id, row => row.status === 'open' ? { status: 'canceled' } : {})

  set (id: string, change: (row: ExpectedTransfer) => Partial<ExpectedTransfer>): ExpectedTransfer | undefined {
    const at = this.rows.findIndex(row => row.id === id)
    const row = this.rows[at]
    return row && (this.rows[at] = { ...row, ...change(row) })
  }

  readonly #attempts = new Map<string, number>()
}

/** As the suite wants one: there is no wire, so nothing that asks for a wire is kept by it. */
export function bookSimulator (book: MemoryBook): Simulator {
  const none = (): never => { throw new ProviderError({ code: 'unsupported', reached: 'nowhere' }) }
  return {
    url: 'http://127.0.0.1:1',
    close: async () => {},
    credentials: () => ({}),
    wrongCredentials: () => ({}),
    inject: none,
    clearFaults: () => {},
    effects: reference => {
      const rows = book.rows.filter(row => row.reference === reference)
      return { charges: rows.filter(({ status }) => status === 'paid').length, captures: 0, refunds: 0, cancellations: rows.filter(({ status }) => status === 'canceled').length, stamps: 0 }
    },
    signedWebhook: none,
    deliver: () => {},
    settled: async () => {}
  }
}

export function contextOf (manifest: { settings: { properties: Record<string, { default: unknown }> } }, book: TransferBook | undefined, { settings = {}, now = () => new Date() }: { settings?: Record<string, unknown>, now?: () => Date } = {}): ConnectionContext {
  return {
    connectionId: 'con_x',
    mode: 'test',
    credentials: {},
    settings: { ...Object.fromEntries(Object.entries(manifest.settings.properties).map(([name, property]) => [name, property.default])), ...settings },
    account: undefined,
    origin: () => { throw new Error('nobody is asked over a network') },
    http: () => { throw new Error('nobody is asked over a network') },
    ...(book !== undefined && { book }),
    now,
    log: { debug () {}, info () {}, warn () {} }
  }
}
