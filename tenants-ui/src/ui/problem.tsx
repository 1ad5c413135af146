import { Alert, Anchor, Button, Group, List, Stack, Text } from '@mantine/core'
import { ApiProblem } from '../api/client.ts'
import { common } from '../i18n/common.ts'
import { useTexts } from '../i18n/language.tsx'
import { Icon } from './icons.tsx'

/** The sentence of a failure, in the person's language: the server's own where it gave one. */
export function useSentence (): (error: unknown) => string {
  const words = useTexts(common)
  return error => {
    if (!(error instanceof ApiProblem)) return words.brokenText
    if (error.status === 0) return words.unreachable
    const general: Record<string, string> = { request_invalid: words.saysInvalid, invoice_invalid: words.saysInvoice, certificate_refused: words.saysCertificate, provider_refused: words.saysProvider }
    // The API’s general sentence names its own fields; a person reads them below.
    if (error.problem?.detail !== undefined && error.problem.detail === error.problem.title) return general[error.code] ?? error.problem.detail
    return error.problem?.detail ?? error.problem?.title ?? words.unreadable
  }
}

/**
 * What went wrong and what to do: the sentence, each field that is named, what the provider said, when to try again, and the
 * request's number for support. `but`: paths of fields that already show their own sentence.
 */
export function ProblemAlert ({ error, again, but = [] }: { error: unknown, again?: () => void, but?: readonly string[] }) {
  const words = useTexts(common)
  const sentenceOf = useSentence()
  if (error === null || error === undefined) return null
  const failure = error instanceof ApiProblem ? error : undefined
  const fields = (failure?.errors ?? []).filter(({ path }) => !but.includes(path))
  const provider = failure?.provider
  return (
    <Alert color='red' role='alert' icon={<Icon name='warning' />} className='appear'>
      <Stack gap={6}>
        <Text size='sm' fw={550} c='var(--mantine-color-text)'>{sentenceOf(error)}</Text>
        {fields.length > 0 && <List size='sm' spacing={2}>{fields.map(({ path, message }) => <List.Item key={path + message}><span className='mono'>{path}</span>: {message}</List.Item>)}</List>}
        {provider?.message != null && provider.message !== '' && <Text size='sm'>{words.providerSays(provider.id, provider.message)}{provider.code == null ? '' : ` (${provider.code})`}</Text>}
        {failure?.retryAfterMs !== undefined && <Text size='sm'>{words.retryIn(String(Math.ceil(failure.retryAfterMs / 1000)))}</Text>}
        {(failure?.requestId !== undefined || again !== undefined) && (
          <Group gap='md' mt={2}>
            {again !== undefined && <Button size='xs' variant='default' onClick={again}>{words.retry}</Button>}
            {failure?.requestId !== undefined && <Text size='xs' c='dimmed' className='mono'>{words.requestId(failure.requestId)}</Text>}
            {failure?.problem !== undefined && <Anchor size='xs' href={`/errors#${failure.code}`} target='_blank'>{words.codeHelp}<span className='visually-hidden'> {words.newTab}</span></Anchor>}
          </Group>
        )}
      </Stack>
    </Alert>
  )
}
