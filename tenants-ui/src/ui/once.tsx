import { Alert, Stack, Text } from '@mantine/core'
import { Icon } from './icons.tsx'
import { Copyable } from './values.tsx'

/** A secret that the server shows this once. It lives in the component alone: gone with the page. */
export function ShownOnce ({ label, text, value }: { label: string, text: string, value: string }) {
  return (
    <Alert color='yellow' role='status' icon={<Icon name='key' />} data-once>
      <Stack gap='sm'>
        <Text size='sm' c='var(--mantine-color-text)'>{text}</Text>
        <div><Text size='sm' fw={600} mb={4} c='var(--mantine-color-text)'>{label}</Text><Copyable value={value} label={label} wide /></div>
      </Stack>
    </Alert>
  )
}
