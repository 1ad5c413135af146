import { Code, Collapse, Group, Stack, Text, ThemeIcon, Timeline as Lines, UnstyledButton } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { common } from '../i18n/common.ts'
import { useTexts } from '../i18n/language.tsx'
import { Icon, type IconName } from './icons.tsx'
import { When } from './values.tsx'

export interface Moment {
  id: string
  at: string
  title: ReactNode
  text?: ReactNode
  icon?: IconName
  tone?: 'good' | 'bad' | 'wait' | 'plain'
  /** Shown when asked for: what was sent and answered, scrubbed by the server. */
  raw?: unknown
}

const colors = { good: 'teal', bad: 'red', wait: 'yellow', plain: 'gray' } as const

/** What happened, the latest last or first as it is given: attempts, webhooks, operations, documents. */
export function Timeline ({ moments }: { moments: readonly Moment[] }) {
  return (
    <Lines bulletSize={28} lineWidth={2} color='gray'>
      {moments.map(moment => (
        <Lines.Item key={moment.id} bullet={<ThemeIcon size={26} radius='xl' variant='light' color={colors[moment.tone ?? 'plain']}><Icon name={moment.icon ?? 'dot'} size={15} /></ThemeIcon>}>
          <MomentText moment={moment} />
        </Lines.Item>
      ))}
    </Lines>
  )
}

function MomentText ({ moment: { title, text, at, raw } }: { moment: Moment }) {
  const words = useTexts(common)
  const [open, setOpen] = useState(false)
  return (
    <Stack gap={2}>
      <Group justify='space-between' gap='sm' wrap='nowrap' align='baseline'>
        <Text fw={550} size='sm' className='breaks'>{title}</Text>
        <Text size='xs' c='dimmed' style={{ flexShrink: 0 }}><When at={at} exact /></Text>
      </Group>
      {text !== undefined && <Text size='sm' c='dimmed' component='div' className='breaks'>{text}</Text>}
      {raw !== undefined && (
        <>
          <UnstyledButton onClick={() => setOpen(!open)} aria-expanded={open} w='fit-content'><Text size='xs' c='var(--accent-text)'>{open ? words.hide : words.show}</Text></UnstyledButton>
          <Collapse expanded={open}><Code block>{typeof raw === 'string' ? raw : JSON.stringify(raw, null, 2)}</Code></Collapse>
        </>
      )}
    </Stack>
  )
}
