import type { Hub } from '../../hub.ts'
import { publicId } from '../../ids.ts'
import type { NoticeContent } from '../channels/channel.ts'

const use = 'notice'

export async function sealNotice (hub: Pick<Hub, 'vault'>, tenantId: string, id: string, content: NoticeContent): Promise<string> {
  return await hub.vault.seal(tenantId, publicId('notice', id), use, JSON.stringify(content))
}

export async function openNotice (hub: Pick<Hub, 'vault'>, tenantId: string, id: string, sealed: string): Promise<NoticeContent> {
  return JSON.parse(await hub.vault.openText(tenantId, publicId('notice', id), use, sealed)) as NoticeContent
}
