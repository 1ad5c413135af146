import { Button, Center, Collapse, Group, Stack, Text } from '@mantine/core'
import { lazy, Suspense, useState } from 'react'
import { common } from '../i18n/common.ts'
import { useTexts } from '../i18n/language.tsx'
import { texts } from '../i18n/texts.ts'
import { Icon } from './icons.tsx'
import { Copyable } from './values.tsx'

const Qr = lazy(() => import('./qr.tsx'))

const words = texts({
  es: { whatsapp: 'WhatsApp', mail: 'Correo', qr: 'Código QR', qrLabel: 'Código QR del enlace', link: 'Enlace', open: 'Abrir' },
  en: { whatsapp: 'WhatsApp', mail: 'E-mail', qr: 'QR code', qrLabel: 'QR code of the link', link: 'Link', open: 'Open' }
})

/**
 * An address that goes to somebody: copied, by WhatsApp or the person's own mail program, or shown as a QR code. Nothing is sent
 * from here: the person sends it, from their own account.
 */
export function Share ({ url, message, email, phone }: { url: string, message: string, email?: string | undefined, phone?: string | undefined }) {
  const shared = useTexts(common)
  const text = useTexts(words)
  const [open, setOpen] = useState(false)
  const said = encodeURIComponent(`${message} ${url}`)
  return (
    <Stack gap='sm' data-share={url}>
      <Copyable value={url} label={text.link} wide />
      <Group gap='xs'>
        <Button size='xs' variant='default' component='a' href={`https://wa.me/${(phone ?? '').replace(/\D/g, '')}?text=${said}`} target='_blank' rel='noopener noreferrer' leftSection={<Icon name='send' size={15} />}>{text.whatsapp}<span className='visually-hidden'> {shared.newTab}</span></Button>
        <Button size='xs' variant='default' component='a' href={`mailto:${email === undefined ? '' : encodeURIComponent(email)}?subject=${encodeURIComponent(message)}&body=${said}`} leftSection={<Icon name='mail' size={15} />}>{text.mail}</Button>
        <Button size='xs' variant='default' onClick={() => setOpen(!open)} aria-expanded={open}>{text.qr}</Button>
        <Button size='xs' variant='default' component='a' href={url} target='_blank' rel='noopener noreferrer' rightSection={<Icon name='external' size={15} />} data-open-page>{text.open}<span className='visually-hidden'> {shared.newTab}</span></Button>
      </Group>
      <Collapse expanded={open}>{open && <QrCode value={url} label={text.qrLabel} />}</Collapse>
    </Stack>
  )
}

/** What is there to be scanned; drawn by a part of the program that only this needs. */
export function QrCode ({ value, label }: { value: string, label: string }) {
  const shared = useTexts(common)
  return <Suspense fallback={<Text size='sm' c='dimmed'>{shared.loading}</Text>}><Center><Qr value={value} label={label} /></Center></Suspense>
}
