import cluster from 'node:cluster'
import { availableParallelism } from 'node:os'
import { serve } from '@hono/node-server'
import { getMigrations } from 'better-auth/db/migration'
import app from './app.js'
import { auth } from './auth.js'

if (cluster.isPrimary) {
  const { runMigrations } = await getMigrations(auth.options)
  await runMigrations()
  for (let count = 0; count < availableParallelism(); count += 1) {
    cluster.fork()
  }
  // Whoever started the service is told, and the other workers end with this process.
  cluster.on('exit', () => process.exit(1))
} else {
  serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env.PORT) })
}
