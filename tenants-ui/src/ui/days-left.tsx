import { Box, Group, Progress, Text } from '@mantine/core'
import { common } from '../i18n/common.ts'
import { useFormats } from '../i18n/format.ts'
import { useTexts } from '../i18n/language.tsx'

/** How much of its life something has left. Below 60 days it warns, below 15 it alarms. */
export function DaysLeft ({ from, to, days, compact = false }: { from: string, to: string, days: number, compact?: boolean }) {
  const words = useTexts(common)
  const { number, date } = useFormats()
  const life = Math.max(1, (Date.parse(to) - Date.parse(from)) / 86_400_000)
  const share = Math.max(0, Math.min(100, days / life * 100))
  const said = days < 0 ? words.expired : days === 1 ? words.oneDayLeft : words.daysLeft(number(days))
  return (
    <Box miw={compact ? 120 : undefined}>
      <Group justify='space-between' gap='xs' wrap='nowrap'>
        <Text span size='sm' className='nums'>{said}</Text>
        {!compact && <Text span size='xs' c='dimmed'>{date(to)}</Text>}
      </Group>
      <Progress value={Math.max(share, 2)} size='sm' mt={4} color={days < 15 ? 'red.6' : days < 60 ? 'yellow.5' : 'accent'} aria-label={said} />
    </Box>
  )
}
