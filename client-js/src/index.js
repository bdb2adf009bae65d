// @bulla/client: seals passwords and keeps a session with a Bulla server. Plain modules, loaded as they are.
export { createClient } from "./client.js";
export { BullaError } from "./error.js";
export { seal } from "./seal.js";
export { memoryStorage, webStorage } from "./storage.js";
