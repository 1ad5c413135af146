import { ActionIcon, Box, Button, Group, Stack, Text } from '@mantine/core'
import { type ReactNode, useId, useRef, useState } from 'react'
import { common } from '../i18n/common.ts'
import { useTexts } from '../i18n/language.tsx'
import { Icon } from './icons.tsx'
import css from './file-drop.module.css'

/** Files by dropping, choosing or with the keyboard. Nothing is read or sent here. */
export function FileDrop ({ label, hint, accept, files, onChange, multiple = true, name, error }: { label: string, hint?: ReactNode, accept?: string, files: readonly File[], onChange: (files: File[]) => void, multiple?: boolean, name?: string, error?: string }) {
  const words = useTexts(common)
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  const [over, setOver] = useState(false)
  const add = (more: FileList | null) => {
    if (more === null || more.length === 0) return
    const fresh = [...more]
    onChange(multiple ? [...files.filter(file => !fresh.some(({ name }) => name === file.name)), ...fresh] : fresh.slice(0, 1))
  }
  return (
    <Stack gap='xs'>
      <Box
        className={css.drop} data-over={over || undefined}
        onDragOver={event => { event.preventDefault(); setOver(true) }} onDragLeave={() => setOver(false)}
        onDrop={event => { event.preventDefault(); setOver(false); add(event.dataTransfer.files) }}
      >
        <Icon name='upload' size={26} />
        <Text fw={550} component='label' htmlFor={id}>{label}</Text>
        {hint !== undefined && <Text size='sm' c='dimmed' id={`${id}-hint`}>{hint}</Text>}
        <input
          ref={input} id={id} name={name} type='file' className='visually-hidden' accept={accept} multiple={multiple} aria-describedby={error !== undefined ? `${id}-error` : hint === undefined ? undefined : `${id}-hint`} aria-invalid={error !== undefined || undefined}
          onChange={event => { add(event.currentTarget.files); event.currentTarget.value = '' }}
        />
        <Button variant='default' mt={4} onClick={() => input.current?.click()} tabIndex={-1} aria-hidden='true'>{words.chooseFiles}</Button>
      </Box>
      {error !== undefined && <Text size='xs' c='var(--mantine-color-error)' id={`${id}-error`}>{error}</Text>}
      {files.map(file => (
        <Group key={file.name} gap='xs' wrap='nowrap'>
          <Icon name='file' size={18} />
          <Text size='sm' flex={1} className='breaks'>{file.name}</Text>
          <ActionIcon variant='subtle' color='gray' aria-label={words.remove(file.name)} onClick={() => onChange(files.filter(other => other !== file))}><Icon name='cross' size={16} /></ActionIcon>
        </Group>
      ))}
    </Stack>
  )
}
