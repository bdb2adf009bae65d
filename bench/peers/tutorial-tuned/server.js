import cluster from 'node:cluster'
import { availableParallelism } from 'node:os'
import { close, createTable } from './db.js'
import * as rsa from './rsa.js'

if (cluster.isPrimary) {
  await rsa.makeKeys()
  await createTable()
  await close()
  for (let count = 0; count < availableParallelism(); count += 1) {
    cluster.fork()
  }
  // Whoever started the service is told, and the other workers end with this process.
  cluster.on('exit', () => process.exit(1))
} else {
  const { default: app } = await import('./app.js')
  await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT || 3000) })
}
