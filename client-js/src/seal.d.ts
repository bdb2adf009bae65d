/** Sealing alone, for those who talk to the server themselves. */
export { seal } from "./index.js";
export type { SealContext, SealingKey, SealPurpose } from "./index.js";
