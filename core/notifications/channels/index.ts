import type { ChannelType } from '../catalogue.ts'
import type { Channel } from './channel.ts'
import { mail } from './mail.ts'
import { webPush } from './web-push.ts'
import { whatsapp } from './whatsapp.ts'

export const channels: Readonly<Record<ChannelType, Channel>> = { mail, whatsapp, web_push: webPush }
