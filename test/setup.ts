/**
 * Test files share a runtime, because starting one takes longer than most of them. Each file starts on empty
 * stores and leaves no stub and no work behind.
 */
import { applyD1Migrations, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, vi } from "vitest";

beforeAll(() => applyD1Migrations(env.DB, env.TEST_MIGRATIONS));

/** Work that still runs holds a store open through the reset, and would change the next file's stores. */
afterAll(async () => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  await reset();
  const tables = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'tasks'";
  if ((await env.DB.prepare(tables).first("COUNT(*)")) !== 0)
    throw new Error("work of this file outlives it: await it, such as with waitOnExecutionContext");
});
