/**
 * Test files share a runtime, because starting one takes longer than most of them. Each file starts on empty
 * stores and leaves no stub and no work behind.
 */
import { applyD1Migrations, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, vi } from "vitest";

beforeAll(() => applyD1Migrations(env.DB, env.TEST_MIGRATIONS));

const resetsMax = 5;

/**
 * Work that still runs holds a store open through the reset and would change the next file's stores. One reset
 * may find a store that the runtime has not released yet, so it is repeated before the file fails.
 */
afterAll(async () => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  for (let resets = 0; resets < resetsMax; resets++) {
    await reset();
    const tables = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'tasks'";
    if ((await env.DB.prepare(tables).first("COUNT(*)")) === 0) return;
    await scheduler.wait(10 * resets);
  }
  throw new Error("work of this file outlives it: await it, such as with waitOnExecutionContext");
});
