// How many password hashes a second a service on Node computes.
//
//   node hashes.mjs PEER IN_FLIGHT SECONDS MEMORY_KIB PASSES
//
// IN_FLIGHT hashes are wanted at any time, and UV_THREADPOOL_SIZE says how many threads compute them; bcryptjs has but
// the one that everything else runs on.
import { randomBytes, scrypt } from 'node:crypto'
import { promisify } from 'node:util'

const [peer, inFlight, seconds, memoryKib, passes] = [process.argv[2], ...process.argv.slice(3).map(Number)]
const password = 'quiet tides wander north'

const peers = {
  async argon2() {
    const { default: argon2 } = await import('argon2')
    const options = { type: argon2.argon2id, memoryCost: memoryKib, timeCost: passes, parallelism: 1 }
    return () => argon2.hash(password, options)
  },
  async libsodium() {
    const { default: sodium } = await import('sodium-native')
    const salt = randomBytes(sodium.crypto_pwhash_SALTBYTES)
    const hash = promisify(sodium.crypto_pwhash_async)
    const { crypto_pwhash_ALG_ARGON2ID13: argon2id } = sodium
    return () => hash(Buffer.alloc(32), Buffer.from(password), salt, passes, memoryKib * 1024, argon2id)
  },
  async bcryptjs() {
    const { default: bcrypt } = await import('bcryptjs')
    return () => bcrypt.hash(password, 10)
  },
  async scrypt() {
    const hash = promisify(scrypt)
    // Better Auth's parameters.
    const options = { N: 16384, r: 16, p: 1, maxmem: 128 * 16384 * 16 * 2 }
    return () => hash(password, randomBytes(16), 64, options)
  },
}

const hash = await peers[peer]()
await hash()
const begun = performance.now()
const until = begun + seconds * 1000
let count = 0
async function one() {
  while (performance.now() < until) {
    await hash()
    count += 1
  }
}
await Promise.all(Array.from({ length: inFlight }, one))
console.log((count * 1000) / (performance.now() - begun))
