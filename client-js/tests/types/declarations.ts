// What the modules export is what index.d.ts declares, in both directions where a class is concerned.
import type * as declared from "../../src/index.js";
import { createClient } from "../../src/client.js";
import { BullaError } from "../../src/error.js";
import { memoryStorage, webStorage } from "../../src/storage.js";

const modules: Pick<typeof declared, "createClient" | "memoryStorage" | "webStorage"> = {
  createClient,
  memoryStorage,
  webStorage,
};
const construct: new (...parameters: ConstructorParameters<typeof declared.BullaError>) => declared.BullaError =
  BullaError;

export { construct, modules };
