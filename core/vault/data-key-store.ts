/** A data key as it is kept. */
export interface DataKeyRow {
  /** Unique over all tenants. */
  readonly id: string
  readonly wrapped: string
  /** The master key that wraps it: what `listNotUnder` looks for. */
  readonly masterKeyId: string
}

/** Where wrapped data keys live. The vault sees the database only through this. */
export interface DataKeyStore {
  current: (tenant: string) => Promise<DataKeyRow | undefined>
  byId: (tenant: string, id: string) => Promise<DataKeyRow | undefined>
  /**
   * Keeps the tenant's first data key; where another process was faster, gives back the winner. It must be **committed** when
   * the promise resolves, in a transaction of its own: a key that is rolled back with the caller's work would stay in the
   * cache, and what it seals could never be opened again.
   */
  insert: (tenant: string, row: DataKeyRow) => Promise<DataKeyRow>
  listNotUnder: (masterKeyId: string, limit: number) => Promise<ReadonlyArray<{ tenant: string, id: string, wrapped: string }>>
  /** Compare and set of `wrapped` together with its `masterKeyId`: false, and nothing changed, unless the row still holds `oldWrapped`. */
  replaceWrapped: (tenant: string, id: string, oldWrapped: string, newWrapped: string, masterKeyId: string) => Promise<boolean>
}
