import { Anchor } from '@mantine/core'
import { Link } from 'wouter'
import { useRead } from '../../api/hooks.ts'
import { useFormats } from '../../i18n/format.ts'
import { useSession } from '../../shell/session.tsx'

/** A payment by its money and reference, as far as this person may read it. */
export function PaymentLink ({ id }: { id: string }) {
  const { may } = useSession()
  const { money } = useFormats()
  const allowed = may('payments:read')
  const { data } = useRead('/v1/payments/{id}', { path: { id } }, { enabled: allowed })
  const name = data === undefined ? `${id.slice(0, 12)}…` : [money(data.amount, data.currency), data.reference].filter(part => part !== null).join(' · ')
  return allowed ? <Anchor component={Link} href={`/payments/${id}`} size='sm'>{name}</Anchor> : <span className='mono'>{name}</span>
}
