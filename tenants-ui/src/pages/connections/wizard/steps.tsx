import { Box, Group, Text, UnstyledButton } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTexts } from '../../../i18n/language.tsx'
import { Icon } from '../../../ui/icons.tsx'
import { wizard } from '../wizard-texts.ts'
import css from './steps.module.css'

export type Stage = 'provider' | 'credentials' | 'webhook' | 'payment' | 'stamp' | 'done'

/** Where one is, and what comes. */
export function Steps ({ stages, at, records = false, onBack }: { stages: readonly Stage[], at: Stage, records?: boolean, onBack?: (stage: Stage) => void }) {
  const words = useTexts(wizard)
  const names: Record<Stage, string> = { provider: words.stepProvider, credentials: words.stepCredentials, webhook: words.stepWebhook, payment: words.stepPayment, stamp: records ? words.stepRecord : words.stepStamp, done: words.stepDone }
  const now = stages.indexOf(at)
  return (
    <Box component='nav' aria-label={words.progress} mb='xl'>
      <Group component='ol' className={css.steps}>
        {stages.map((stage, index) => (
          <li key={stage} className={css.step} data-state={index < now || at === 'done' ? 'done' : index === now ? 'now' : 'later'} aria-current={index === now ? 'step' : undefined}>
            <Inside name={names[stage]} {...(onBack !== undefined && index < now && canReturn.has(stage) && { onBack: () => onBack(stage) })}>
              <span className={css.mark} aria-hidden='true'>{index < now || at === 'done' ? <Icon name='check' size={14} strokeWidth={2.6} /> : index + 1}</span>
              <Text span size='sm' className={css.name}>{names[stage]}</Text>
            </Inside>
          </li>
        ))}
      </Group>
    </Box>
  )
}

/** What was chosen and typed stays; what was left behind can be looked at again. */
const canReturn: ReadonlySet<Stage> = new Set(['webhook', 'payment', 'stamp'])

function Inside ({ name, onBack, children }: { name: string, onBack?: () => void, children: ReactNode }) {
  const words = useTexts(wizard)
  if (onBack === undefined) return <>{children}</>
  return <UnstyledButton className={css.back} onClick={onBack} aria-label={words.backTo(name)}>{children}</UnstyledButton>
}
