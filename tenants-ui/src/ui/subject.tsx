import { Text } from '@mantine/core'
import { Link } from 'wouter'

/** Where the thing with that id has its page: what an alert, a line of the audit log or a match is about. */
const pages: Record<string, string> = { pay: 'payments', con: 'connections', cer: 'certificates', inv: 'invoices', sal: 'sales', sub: 'subscriptions', cus: 'customers', inb: 'webhooks/events', whe: 'deliveries/endpoints', dlv: 'deliveries', rci: 'reconciliation', alt: 'alerts' }

/** An id, and a link where the console has a page for it. */
export function Subject ({ id }: { id: string }) {
  const page = pages[id.slice(0, id.indexOf('_'))]
  if (page === undefined) return <span className='mono'>{id}</span>
  return <Text component={Link} href={`/${page}/${id}`} inherit className='mono'>{id}</Text>
}
