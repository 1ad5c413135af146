import { Box, Group, Text } from '@mantine/core'
import { useTexts } from '../../../i18n/language.tsx'
import { Icon } from '../../../ui/icons.tsx'
import { wizard } from '../wizard-texts.ts'
import css from './steps.module.css'

export type Stage = 'provider' | 'credentials' | 'webhook' | 'payment' | 'stamp' | 'done'

/** Where one is, and what comes. */
export function Steps ({ stages, at }: { stages: readonly Stage[], at: Stage }) {
  const words = useTexts(wizard)
  const names: Record<Stage, string> = { provider: words.stepProvider, credentials: words.stepCredentials, webhook: words.stepWebhook, payment: words.stepPayment, stamp: words.stepStamp, done: words.stepDone }
  const now = stages.indexOf(at)
  return (
    <Box component='nav' aria-label={words.progress} mb='xl'>
      <Group component='ol' className={css.steps}>
        {stages.map((stage, index) => (
          <li key={stage} className={css.step} data-state={index < now || at === 'done' ? 'done' : index === now ? 'now' : 'later'} aria-current={index === now ? 'step' : undefined}>
            <span className={css.mark} aria-hidden='true'>{index < now || at === 'done' ? <Icon name='check' size={14} strokeWidth={2.6} /> : index + 1}</span>
            <Text span size='sm' className={css.name}>{names[stage]}</Text>
          </li>
        ))}
      </Group>
    </Box>
  )
}
