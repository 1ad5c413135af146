import { Anchor } from '@mantine/core'
import { Link } from 'wouter'
import { useRead } from '../../api/hooks.ts'
import { useSession } from '../../shell/session.tsx'

/** A customer by name, as far as this person may read it. */
export function CustomerLink ({ id }: { id: string }) {
  const { may } = useSession()
  const allowed = may('customers:read')
  const { data } = useRead('/v1/customers/{id}', { path: { id } }, { enabled: allowed })
  const name = data?.name ?? data?.email ?? `${id.slice(0, 12)}…`
  return allowed ? <Anchor component={Link} href={`/customers/${id}`} size='sm'>{name}</Anchor> : <span className='mono'>{name}</span>
}
