import { Text } from '@mantine/core'
import { Link } from 'wouter'
import { useRead } from '../api/hooks.ts'
import { useTexts } from '../i18n/language.tsx'
import { texts } from '../i18n/texts.ts'
import { useSession } from '../shell/session.tsx'

/** Where the thing with that id has its page: what an alert, a line of the audit log or a match is about. */
const pages: Record<string, string> = { pay: 'payments', con: 'connections', cer: 'certificates', inv: 'invoices', sal: 'sales', lnk: 'payments/links', chk: 'payments/sessions', sub: 'subscriptions', cus: 'customers', inb: 'webhooks/events', whe: 'deliveries/endpoints', dlv: 'deliveries', rci: 'reconciliation', alt: 'alerts' }

const words = texts({
  es: { pay: 'Pago', con: 'Conexión', cer: 'Certificado', inv: 'Factura', sal: 'Venta', sub: 'Suscripción', cus: 'Cliente', inb: 'Aviso', whe: 'Destino', dlv: 'Entrega', rci: 'Renglón', alt: 'Alerta', usr: 'Persona', key: 'Clave', sac: 'Acceso', ref: 'Devolución', iss: 'Emisor', ten: 'Organización', ses: 'Sesión', ivt: 'Invitación', ser: 'Serie', pln: 'Plan', lnk: 'Enlace', chk: 'Página de cobro', dsp: 'Disputa', btx: 'Movimiento', ban: 'Cuenta bancaria', bst: 'Estado de cuenta', ben: 'Abono', btr: 'Transferencia', glo: 'Factura global', mai: 'Correo', ntc: 'Mensaje', nch: 'Canal', par: 'Socio' },
  en: { pay: 'Payment', con: 'Connection', cer: 'Certificate', inv: 'Invoice', sal: 'Sale', sub: 'Subscription', cus: 'Customer', inb: 'Webhook', whe: 'Endpoint', dlv: 'Delivery', rci: 'Line', alt: 'Alert', usr: 'Person', key: 'Key', sac: 'Access', ref: 'Refund', iss: 'Issuer', ten: 'Tenant', ses: 'Session', ivt: 'Invitation', ser: 'Series', pln: 'Plan', lnk: 'Link', chk: 'Checkout page', dsp: 'Dispute', btx: 'Movement', ban: 'Bank account', bst: 'Bank statement', ben: 'Bank entry', btr: 'Transfer', glo: 'Global invoice', mai: 'Mail', ntc: 'Notice', nch: 'Channel', par: 'Partner' }
})

/** An id as people tell it from others: what it is, and how it ends. The whole of it is `title` where it is shown. */
export function useShortId (): (id: string) => string {
  const text = useTexts(words) as Record<string, string>
  return id => {
    const [, kind = '', tail] = /^([a-z]{3})_[0-9a-f]{24}([0-9a-f]{8})$/.exec(id) ?? []
    return tail === undefined || text[kind] === undefined ? id : `${text[kind]} …${tail}`
  }
}

/** What it is, by its name where it has one, and a link where the console has a page for it. */
export function Subject ({ id }: { id: string }) {
  const short = useShortId()
  const { may } = useSession()
  const connection = useRead('/v1/connections/{id}', { path: { id } }, { enabled: id.startsWith('con_') && may('connections:read') })
  const name = connection.data?.label ?? short(id)
  const page = pages[id.slice(0, id.indexOf('_'))]
  if (page === undefined) return <span className={name === id ? 'mono' : 'nums'} title={id}>{name}</span>
  return <Text component={Link} href={`/${page}/${id}`} inherit className='nums' title={id}>{name}</Text>
}
