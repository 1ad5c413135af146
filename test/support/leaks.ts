/** Looks for secrets where they must not be: in every column of every table, and in text such as logs and answers. */
import pg from 'pg'

export interface Place {
  /** `table.column`, or the name of a text. */
  where: string
  text: string
}

/** Every value of every table outside of PostgreSQL's own schemas, as the superuser sees it; bytes also read as text. */
export async function dump (superUrl: string): Promise<Place[]> {
  const client = new pg.Client({ connectionString: superUrl, types: { getTypeParser: (_oid: number) => (value: string) => value } as never })
  await client.connect()
  try {
    const { rows: columns } = await client.query<{ table: string, column: string, type: string }>(`
      select format('%I.%I', n.nspname, c.relname) as table, format('%I', a.attname) as column, a.atttypid::regtype::text as type
      from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`)
    const places: Place[] = []
    for (const { table, column, type } of columns) {
      const expression = type === 'bytea' ? `encode(${column}, 'base64')` : `${column}::text`
      const { rows } = await client.query<{ value: string }>(`select ${expression} as value from ${table} where ${column} is not null`)
      for (const { value } of rows) places.push({ where: `${table}.${column}`, text: type === 'bytea' ? readable(Buffer.from(value, 'base64')) : value })
    }
    return places
  } finally {
    await client.end()
  }
}

const readable = (bytes: Buffer): string => `${bytes.toString('utf8')}\n${bytes.toString('hex')}`

/** Where a secret stands: plain, or in one of the ways in which it could have been carried there. */
export function leaks (secret: string, places: readonly Place[]): string[] {
  if (secret.length < 7) throw new Error('a secret this short is found everywhere')
  const bytes = Buffer.from(secret)
  const forms = [...new Set([secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url'), bytes.toString('hex')])]
  return [...new Set(places.filter(({ text }) => forms.some(form => text.includes(form))).map(({ where }) => where))]
}
