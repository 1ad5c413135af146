import { ActionIcon, Badge, Box, CopyButton, Group, Text, Tooltip } from '@mantine/core'
import { common } from '../i18n/common.ts'
import { useFormats } from '../i18n/format.ts'
import { useTexts } from '../i18n/language.tsx'
import { statusWords } from '../i18n/statuses.ts'
import { Icon, type IconName } from './icons.tsx'

/** Minor units and a currency, as people read it here. */
export function Money ({ amount, currency, strong = false }: { amount: number, currency: string, strong?: boolean }) {
  const { money } = useFormats()
  return <Text span inherit className='nums' style={{ whiteSpace: 'nowrap' }} fw={strong ? 650 : undefined}>{money(amount, currency)}</Text>
}

/** An instant: how long ago, and the whole of it on hover and for screen readers. */
export function When ({ at, exact = false }: { at: string | null | undefined, exact?: boolean }) {
  const { ago, dateTime } = useFormats()
  if (at === null || at === undefined) return <>—</>
  return <time dateTime={at} title={dateTime(at)} className='nums'>{exact ? dateTime(at) : ago(at)}</time>
}

/** How good a state is. Colour never says it alone: the word stands in it. */
const tones: Record<string, { color: string, icon: IconName }> = {
  good: { color: 'teal', icon: 'check' }, bad: { color: 'red', icon: 'cross' }, wait: { color: 'yellow', icon: 'clock' }, off: { color: 'gray', icon: 'dot' }, info: { color: 'blue', icon: 'info' }
}
const toneOf: Record<string, keyof typeof tones> = {}
const put = (tone: keyof typeof tones, names: string) => { for (const name of names.split(' ')) toneOf[name] = tone }
put('good', 'healthy succeeded active issued verified processed paid completed delivered closed matched resolved ok done open_ok accepted settled won')
put('bad', 'failing failed refused rejected expired error parked lost reconnect past_due unmatched suspended exhausted cancel_rejected disputed')
put('wait', 'untested processing requires_action requires_payment_method authorized unknown queued signed submitted received retrying scheduled pending trialing cancel_requested cancel_pending_acceptance half_open waiting todo manual partially_refunded unpaid partly_paid declined needs_response under_review')
put('off', 'disabled canceled deleted replaced ignored draft ended paused inactive withdrawn')

/** The state of anything, in words: `statusWords` has those of every status of the API. */
export function Status ({ value, label }: { value: string, label?: string }) {
  const words = useTexts(statusWords) as Record<string, string>
  const { color, icon } = tones[toneOf[value] ?? 'info']!
  return <Badge color={color} miw='max-content' className={`status status-${color}`} leftSection={<Icon name={icon} size={13} strokeWidth={2.4} />}>{label ?? words[value] ?? value}</Badge>
}

/** Text that is there to be copied: an id, an address, a secret that is shown once. */
export function Copyable ({ value, label, wide = false }: { value: string, label?: string, wide?: boolean }) {
  const words = useTexts(common)
  return (
    <Group gap={4} wrap='nowrap' miw={0} {...(wide && { w: '100%' })}>
      <Box component='code' className='mono' {...(wide && { flex: 1, p: 'sm', bg: 'light-dark(var(--mantine-color-gray-1), var(--mantine-color-dark-6))', style: { borderRadius: 8 } })}>{value}</Box>
      <CopyButton value={value} timeout={1500}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? words.copied : words.copy} withArrow>
            <ActionIcon variant='subtle' color={copied ? 'teal' : 'gray'} onClick={copy} aria-label={`${copied ? words.copied : words.copy}: ${label ?? value}`}><Icon name={copied ? 'check' : 'copy'} size={16} /></ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </Group>
  )
}
