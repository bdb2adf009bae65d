import path from 'node:path'
import { hash, verify } from '@node-rs/argon2'
import { betterAuth } from 'better-auth'
import Database from 'better-sqlite3'

const database = new Database(path.join(process.env.DATA, 'better-auth.sqlite'))
database.pragma('journal_mode = WAL')
database.pragma('synchronous = NORMAL')

// The defaults of @node-rs/argon2: Argon2id, 19456 KiB, two passes, one lane.
const argon2 = { hash: (password) => hash(password), verify: (stored) => verify(stored.hash, stored.password) }

export const auth = betterAuth({
  baseURL: `http://127.0.0.1:${process.env.PORT}`,
  database,
  emailAndPassword: { enabled: true, ...(process.env.HASH === 'equal' && { password: argon2 }) },
  session: { cookieCache: { enabled: true, maxAge: 5 * 60 } },
  experimental: { joins: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { level: 'error' },
})
