import { Anchor } from '@mantine/core'
import { Link } from 'wouter'
import { useRead } from '../../api/hooks.ts'
import { useSession } from '../../shell/session.tsx'
import { numberOf, useKindName } from './list.tsx'

/** A document by kind and number, as far as this person may read it. */
export function InvoiceLink ({ id }: { id: string }) {
  const { may } = useSession()
  const kindOf = useKindName()
  const allowed = may('invoices:read')
  const { data } = useRead('/v1/invoices/{id}', { path: { id } }, { enabled: allowed })
  const name = data === undefined ? `${id.slice(0, 12)}…` : data.number === null ? kindOf(data.kind) : `${kindOf(data.kind)} ${numberOf(data)}`
  return allowed ? <Anchor component={Link} href={`/invoices/${id}`} size='sm'>{name}</Anchor> : <span className='mono'>{name}</span>
}
